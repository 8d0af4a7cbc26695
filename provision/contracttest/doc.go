// Package contracttest states what the program relies on of Cloudflare's API, in plain HTTP: no SDK and no engine stands in
// between. It is all tests. They run against the sandbox, always, and against an account when it is named:
//
//	CFPROXY_LIVE_TOKEN=… CFPROXY_LIVE_ZONE=example.com go test -v -count=1 -run Live ./provision/contracttest
//
// The token needs what a deploy needs: Workers Scripts, Workers Routes and DNS to edit, Zone to read. Everything that is made
// is named cfproxy-contract-…, goes away with its test, and serves nobody; what an earlier run has left behind is swept first
// when it is an hour old. Nothing else is touched.
//
// Where nothing has proved yet how the API behaves, the live run logs what it sees and does not fail; the sandbox must do
// as the documentation lets expect.
package contracttest
