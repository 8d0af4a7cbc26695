// Package contracttest has tests for the behaviour of Cloudflare's API that the program relies on, in plain HTTP without
// an SDK or the engine. They always run against the sandbox, and also against an account if it is named:
//
//	CFPROXY_LIVE_TOKEN=… CFPROXY_LIVE_ZONE=example.com go test -v -count=1 -run Live ./provision/contracttest
//
// The token needs the permissions of a deploy: edit Workers Scripts, Workers Routes and DNS, and read Zone. All resources
// are named cfproxy-contract-…, serve no traffic and are deleted after their test. Those that an earlier run has not
// deleted are deleted first once they are an hour old. Nothing else is changed.
//
// Where the behaviour of the API is not verified, a live run logs it and does not fail; the sandbox must behave as
// documented.
package contracttest
