// Package sandbox emulates Cloudflare on one machine: the part of the API that a Worker on a zone needs. Package edge, below it,
// emulates the network that serves the Worker, and package standin the LLM providers. All three are written from the public
// documentation (https://developers.cloudflare.com/api/) and import nothing of the program that is tested against them.
//
//	store, err := sandbox.Open("account.json")                     // or "" for memory only, or Parse for a given state
//	client := http.Client{Transport: sandbox.Transport(sandbox.Handler(store))}
//	network, err := edge.Open(ctx, edge.Config{Store: store, Workerd: binary})
//
// # The state
//
// The state of all accounts is one readable JSON file with mode 0600: it contains tokens, secrets and the private key of the
// edge. A hand-written file needs only this. [Open] sets defaults for everything else and writes the file back once:
//
//	{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}]}
//
// These are all fields:
//
//	{
//	  "accounts": [{
//	    "id": "5a2db0…",                    32 hexadecimal digits; default: derived from the name
//	    "name": "Acme",
//	    "email_unverified": true,           uploads fail with 10034
//	    "subdomain": "acme",                workers.dev name; "" = none yet: the first upload fails with 10063
//	    "zones": [{
//	      "id": "5a2db0…",                  default: derived from the name
//	      "name": "example.com",            in Unicode or with A-labels; the API returns names of zones and records in Unicode
//	      "status": "active",               or initializing, pending, moved: DNS and the edge serve active zones only
//	      "paused": true,                   the edge does not serve it
//	      "type": "full",                   or partial, secondary, internal: DNS has the records of full and secondary zones only
//	      "plan": "free",                   others do not have the limits of Free: comments, tags, records
//	      "name_servers": ["…", "…"],
//	      "records": [{"type": "A", "name": "a.example.com", "content": "2.2.2.2", "proxied": true, "comment": "…",
//	        "ttl": 1, "tags": ["k:v"], "priority": 10, "data": {}, "settings": {}, "id": "…",
//	        "created_on": "…", "modified_on": "…", "comment_modified_on": "…", "tags_modified_on": "…",
//	        "read_only": true,              the record of a custom domain, which is created if missing
//	        "meta": {"read_only": true},    any other record that cannot be changed, such as that of R2; also "locked": true
//	      }],
//	      "routes": [{"id": "…", "pattern": "a.example.com/*", "script": "relay", "request_limit_fail_open": true}]
//	    }],
//	    "scripts": [{
//	      "name": "relay", "tag": "…", "created_on": "…", "modified_on": "…",
//	      "tags": [], "observability": {}, "logpush": true, "tail_consumers": [],
//	      "workers_dev": {"enabled": true, "previews_enabled": true},
//	      "unseen": 2,                      how many more calls for routes to it fail with 10019
//
//	                                        the deployed version:
//	      "version": "a UUID", "number": 1, "uploaded_on": "…", "annotations": {},
//	      "source": "wrangler",             who uploaded it; default: the API
//	      "main": "index.js",               default: the first module; "body" instead for a service worker
//	      "modules": [{"name": "index.js", "type": "application/javascript+module", "text": ["a line", "the next"]}],
//	                                        text is a string or a list of lines; "base64" for what is not UTF-8
//	      "bindings": [{"type": "plain_text", "name": "A", "text": "b"}],
//	      "compatibility_date": "2026-06-01", "compatibility_flags": [], "usage_model": "standard",
//	      "placement": {}, "limits": {},
//
//	      "versions": [{                    other versions, newest first, with the same fields; ten in total
//	        "version": "a UUID", "number": 2,
//	        "modules": [{"name": "index.js", "like": "a UUID"}]
//	                                        the same module as in that version, which precedes this one
//	      }],
//	      "deployments": [{                 the last ten, newest first; default: the deployed version at 100 %
//	        "id": "a UUID", "created_on": "…", "source": "wrangler", "annotations": {},
//	        "versions": [{"version_id": "a UUID", "percentage": 100}]
//	      }]
//	    }],
//	    "domains": [{"id": "…", "hostname": "b.example.com", "service": "relay", "zone": "example.com"}]
//	                                        custom domains; zone defaults to the one that the hostname belongs to
//	  }],
//	  "tokens": [{
//	    "id": "…", "name": "…",
//	    "value": "cfut_…",                  any text
//	    "status": "active",                 or disabled, expired
//	    "expires_on": "2027-01-01T00:00:00Z",
//	    "account": "Acme",                  the token belongs to this account and not to a user
//	    "permissions": ["Zone Read"],       display names; null = what a deploy needs, [] = none
//	    "accounts": ["Acme"],               ids or names of the accounts it can access; missing = all
//	    "zones": ["example.com"]
//	  }],
//	  "clock": "2026-11-20T12:00:00Z",      fixes the clock of the API, and so its ids and dates, for repeatable tests
//	  "propagation": 2,                     so many calls for routes to a new script fail with 10019
//	  "lag": 3,                             so many reads after a write return the state before it; see below
//	  "rate_limit": {"calls": 1200, "seconds": 300}, see below; missing = no limit
//	  "provider": {"region_blocked": true}, the providers reject the region where the Worker runs
//	  "faults": [],                         see below
//	  "edge": {"certificate": "PEM", "key": "PEM"}
//	}
//
// Lists have a fixed order in the file and nothing in it is a counter, so creating a resource and deleting it again restores
// the file byte for byte. Multiple processes may use one file: writes replace it atomically, under a lock on FILE.lock (an empty
// file that is not removed), and are visible to all at the next call. A file that is not a valid state is never overwritten; the
// error has line and column.
//
// # Other programs
//
// Cloudflare's command line works with the sandbox: wrangler deploy with routes, versions, deployments, rollback, secret and
// delete. It needs CLOUDFLARE_API_BASE_URL (with /client/v4), CLOUDFLARE_API_TOKEN, and CLOUDFLARE_ACCOUNT_ID unless the
// token has Memberships Read; delete also needs Workers KV Storage Read. api_wrangler.go has the endpoints that only wrangler
// uses.
//
// # Faults
//
// The sandbox fails only if the state has faults. A fault says when it applies and what happens. The first matching fault is
// used, counted down in the file, and removed when its count is used up, so each fault applies once in a sequence of commands.
//
//	{"method": "POST", "path": "/zones/*/workers/routes", "times": 2, "status": 503}
//	{"path": "/zones", "retry_after": "1"}                       429 with Retry-After and code 10100
//	{"method": "PUT", "path": "/accounts/**", "drop": true}      the connection ends and nothing is changed
//	{"method": "POST", "drop": true, "after": true}              it ends after the change was made
//	{"method": "POST", "hang": true}                             no response and no change
//	{"method": "POST", "hang": true, "after": true}              the change is made, but there is no response
//	{"skip": 6, "hang": true}                                    the seventh call
//	{"method": "POST", "after": true, "status": 502}             the change is made, but the response is this one
//	{"path": "/zones", "status": 403, "body": "<html>…"}         with "content_type", text/html by default
//	{"path": "/zones", "delay_ms": 200}                          a delay before the normal response
//	{"method": "POST", "path": "/zones/*/workers/routes", "code": 10019}
//	{"at": "dns", "path": "a.example.com", "times": 3}           the name is not found yet
//	{"at": "tls", "path": "*.example.com"}                       there is no certificate yet
//	{"at": "edge", "path": "a.example.com/v1/**", "status": 522}
//	{"at": "provider", "path": "api.openai.com/**", "status": 500}
//
//	at        api (default), dns, tls, edge, provider
//	method    missing = any
//	path      below /client/v4 for api, the host for dns and tls, host and path for edge and provider; * matches any
//	          characters but a slash, ** any characters; missing = everything
//	skip      how many matching calls it lets pass first; calls that an earlier fault applies to do not count
//	hang      the call hangs until the client gives up; not for tls
//	times     how often it applies; default 1, -1 = always
//
// A fault without a status, code, body or effect is a 500 with code 10013. net/http repeats a GET by itself if a reused
// connection is closed, so such a fault should have two times.
//
// # Delayed reads
//
// With "lag": N, writes through a [Handler] are not visible to reads at once. Each request (path and query) for a changed
// resource, in a list or alone, returns the state before the write N times more; another write starts the count again. A
// request that has not been made since the handler was created returns the state before the first write. Writes always see
// the current state: creating a route that is not listed yet fails with 10020, and a record with 81058. A write to the routes
// or records of a zone, the custom domains, or a script affects the reads of only these. The edge, other processes and other
// handlers see everything at once. The counts are in the memory of the handler.
//
// # The rate limit
//
// With "rate_limit", each handler counts the calls of each token in a sliding window of so many seconds, in its memory. The
// call that exceeds the limit, and all calls in the same number of seconds after it, get status 429 with code 10100 and
// Retry-After; they are not counted. Every response has a header Ratelimit with the remaining calls (r) and the seconds until the
// oldest call leaves the window (t), and Ratelimit-Policy with the limit. Without a limit in the state, both describe the
// documented limit of 1200 calls in 300 seconds as nearly unused. [HandlerAt] sets the clock.
//
// # Strictness
//
// Lists are shuffled, always in the same way, unless an order is requested. Page sizes are limited as in the API: 5 to 50 zones
// or accounts, at most 5000 records. Names are returned in full and in lower case, a proxied record has a ttl of 1, secrets are
// never returned, zones that the token may not read are omitted, and deleting a script keeps its routes and custom domains.
// Where the documentation has no HTTP status, clients should depend on the code.
//
// # Limitations
//
// Scripts are not run when they are uploaded: the sandbox only searches their source for missing modules and handlers. If
// workerd rejects a script, the edge responds with 1101. Of a deployment with two versions the edge serves only the one with the
// larger percentage, or the first. The last ten versions are kept, and the deployments that consist of them. Bindings other
// than text, secrets, JSON and rate limits are stored but missing when the script runs. Rate limits count in the memory of
// workerd and start again with each version of the script. The origins of records are never connected to: a request that no
// script handles results in a 522.
package sandbox
