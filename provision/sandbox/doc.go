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
// The whole account is one readable JSON file, mode 0600: it holds tokens, secrets and the edge's private key. This much
// is enough by hand; everything else gets a default, and [Open] writes the completed file back once:
//
//	{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}]}
//
// This is all there is:
//
//	{
//	  "accounts": [{
//	    "id": "5a2db0…",                    32 hexadecimal digits; default: derived from the name
//	    "name": "Acme",
//	    "email_unverified": true,           uploads are refused with 10034
//	    "subdomain": "acme",                workers.dev name; "" = none yet, so the first upload is refused with 10063
//	    "zones": [{
//	      "id": "5a2db0…",                  default: derived from the name
//	      "name": "example.com",
//	      "status": "active",               or initializing, pending, moved: DNS and the edge serve active zones only
//	      "paused": true,                   the edge serves it no more
//	      "plan": "free",                   anything else lifts the limits of Free: comments, tags, records
//	      "name_servers": ["…", "…"],
//	      "records": [{"type": "A", "name": "a.example.com", "content": "2.2.2.2", "proxied": true, "comment": "…",
//	        "ttl": 1, "tags": ["k:v"], "priority": 10, "data": {}, "settings": {}, "id": "…",
//	        "created_on": "…", "modified_on": "…", "comment_modified_on": "…", "tags_modified_on": "…",
//	        "read_only": true}],            the record of a custom domain; it need not be written by hand
//	      "routes": [{"id": "…", "pattern": "a.example.com/*", "script": "relay", "request_limit_fail_open": true}]
//	    }],
//	    "scripts": [{
//	      "name": "relay", "tag": "…", "created_on": "…", "modified_on": "…",
//	      "tags": [], "observability": {}, "logpush": true, "tail_consumers": [],
//	      "workers_dev": {"enabled": true, "previews_enabled": true},
//	      "unseen": 2,                      answers 10019 that routes to it still get
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
//	      "versions": [{                    the others of the last ten, newest first, with the same fields
//	        "version": "a UUID", "number": 2,
//	        "modules": [{"name": "index.js", "like": "a UUID"}]
//	                                        the same module as in that version, which stands above
//	      }],
//	      "deployments": [{                 the last ten, newest first; default: the deployed version, wholly
//	        "id": "a UUID", "created_on": "…", "source": "wrangler", "annotations": {},
//	        "versions": [{"version_id": "a UUID", "percentage": 100}]
//	      }]
//	    }],
//	    "domains": [{"id": "…", "hostname": "b.example.com", "service": "relay", "zone": "example.com"}]
//	                                        custom domains; zone is by default the one that the hostname lies in
//	  }],
//	  "tokens": [{
//	    "id": "…", "name": "…",
//	    "value": "cfut_…",                  any text; what looks like a token and stands nowhere here is unknown
//	    "status": "active",                 or disabled, expired
//	    "expires_on": "2027-01-01T00:00:00Z",
//	    "account": "Acme",                  makes it an account-owned token
//	    "permissions": ["Zone Read"],       as the dashboard's API names them; null = what a deploy needs, [] = nothing
//	    "accounts": ["Acme"],               ids or names that it reaches; missing = all
//	    "zones": ["example.com"]
//	  }],
//	  "clock": "2026-11-20T12:00:00Z",      stops the clock of the API, and with it ids and dates, for repeatable tests
//	  "propagation": 2,                     a new script is unknown (10019) to so many route calls
//	  "lag": 3,                             after a write, so many reads more show what they showed before; see below
//	  "rate_limit": {"calls": 1200, "seconds": 300}, see below; missing = none in force
//	  "provider": {"region_blocked": true}, the providers refuse the place where the Worker runs
//	  "faults": [],                         see below
//	  "edge": {"certificate": "PEM", "key": "PEM"}
//	}
//
// Lists have a fixed order in the file, and nothing counts upwards in it, so that creating something and removing it again
// restores the file byte for byte. Several processes may use one file: writes are whole (a rename) and one at a time (a
// lock on FILE.lock, an empty file that stays there), and everybody sees them at the next call. What is not such a state
// is refused with line and column, and never overwritten.
//
// # Other programs
//
// Cloudflare's own command line works with it: wrangler deploy with routes, versions, deployments, rollback, secret and
// delete. It needs CLOUDFLARE_API_BASE_URL (with /client/v4), CLOUDFLARE_API_TOKEN, and CLOUDFLARE_ACCOUNT_ID unless the
// token holds Memberships Read; delete wants Workers KV Storage Read too. The calls that only wrangler makes are in wrangler.go.
//
// # Faults
//
// Nothing fails by itself. Each fault says where it strikes and what happens; the first that fits is taken, counted down in
// the file, and removed when it is used up, so that a script of several commands meets every fault once.
//
//	{"method": "POST", "path": "/zones/*/workers/routes", "times": 2, "status": 503}
//	{"path": "/zones", "retry_after": "1"}                       429 with Retry-After and code 10100
//	{"method": "PUT", "path": "/accounts/**", "drop": true}      the connection ends before anything happened
//	{"method": "POST", "drop": true, "after": true}              it ends after the work was done
//	{"method": "POST", "hang": true}                             no answer at all, and nothing done, until the client leaves
//	{"method": "POST", "hang": true, "after": true}              the work is done, and no answer comes
//	{"skip": 6, "hang": true}                                    the seventh call, whatever it is
//	{"method": "POST", "after": true, "status": 502}             done, but answered so
//	{"path": "/zones", "status": 403, "body": "<html>…"}         with "content_type", text/html by default
//	{"path": "/zones", "delay_ms": 200}                          late, then as usual
//	{"method": "POST", "path": "/zones/*/workers/routes", "code": 10019}
//	{"at": "dns", "path": "a.example.com", "times": 3}           the name is not found yet
//	{"at": "tls", "path": "*.example.com"}                       there is no certificate yet
//	{"at": "edge", "path": "a.example.com/v1/**", "status": 522}
//	{"at": "provider", "path": "api.openai.com/**", "status": 500}
//
//	at        api (default), dns, tls, edge, provider
//	method    missing = any
//	path      below /client/v4 for api, the host for dns and tls, host and path for edge and provider; * stands for any
//	          run of characters without a slash, ** for any run; missing = everything
//	skip      so many calls that fit pass first; those that a fault further up struck are not counted
//	hang      in all places but tls
//	times     how often it strikes; default 1, -1 = always
//
// A fault with nothing but a place is a 500 with code 10013.
// net/http repeats a GET by itself when a reused connection is cut: give such a fault two times.
//
// # Reads that trail behind
//
// With "lag": N, what is written through a [Handler] is not read back at once. Each question (path and query) about what was
// written to, a list as well as a single thing, goes on showing what it showed before N times more, and then catches up; a
// write in between begins the count anew. A question that was not asked since the handler began shows the state before the
// first write. Writes always see the truth: a route that no list shows yet is refused with 10020 when it is posted again,
// and a record with 81058. A write to the routes or the records of a zone, to the custom domains, or to a script holds up
// the reads of just these; the edge, other processes and other handlers see everything at once. The counts are in the
// handler's memory.
//
// # The rate limit
//
// With "rate_limit", each handler counts the calls of each token over a sliding window of so many seconds, in its memory. The
// call beyond the limit and all that follow in the next so many seconds are answered 429 with code 10100 and Retry-After,
// and not counted. Every answer tells in Ratelimit how many calls are left (r) and in how many seconds the oldest leaves the
// window (t), and in Ratelimit-Policy the limit; without a limit in the state both speak of the 1200 calls in 300 seconds that
// the API publishes, nearly all of them left. The clock is [HandlerAt]'s.
//
// # Awkward on purpose
//
// Lists come shuffled (always the same way) unless an order is asked for. Pages are cut to the bounds that the API gives:
// 5 to 50 zones or accounts, at most 5000 records. Names come back in full and in lower case, a proxied record has a ttl of 1,
// a secret never comes back, zones that the token may not read are left out rather than refused, and a deleted script
// leaves its routes and custom domains behind. Where the documentation is silent on an HTTP status, clients should go by the code.
//
// # What it does not do
//
// Uploads are not run before they are taken: the sandbox looks for missing modules and missing handlers in the text, and a
// script that workerd refuses is answered with 1101 at the edge. Of a deployment of two versions the edge serves one alone, the
// one with the larger share, or the first. The last ten versions are kept, and those deployments that need no others.
// Bindings other than text, secrets, JSON and rate limits are stored, and left out when the script runs. Rate limits count
// in the runtime's memory and begin anew with each version of the script.
// Origins of records are never connected to: a request that no script answers is a 522.
package sandbox
