package verify

import (
	"bytes"
	"context"
	"strconv"
	"strings"
)

// healthPath is the path of the Worker's health response.
const healthPath = "/-/health"

// edge fetches the health response and checks that it does not come from Cloudflare's edge itself.
func (a *attempt) edge(ctx context.Context, _ Upstream) Result {
	health, err := a.conn.fetch(ctx, request{method: "GET", path: healthPath}, maxBody)
	if err != nil {
		return classifyNoResponse(err, CodeEdgeTimeout)
	}
	a.health = health
	return classifyEdge(health)
}

// classifyNoResponse classifies the error of a request: timeoutCode, or a connection that broke off or was not valid
// HTTP.
func classifyNoResponse(err error, timeoutCode string) Result {
	if isTimeout(err) {
		return Result{Code: timeoutCode}
	}
	return Result{Code: CodeEdgeNoAnswer, Details: map[string]string{"error": err.Error()}}
}

func classifyEdge(r response) Result {
	if r.build() == "" {
		if code, number := cloudflareError(r); code != "" {
			return edgeResult(r, code, number)
		}
	}
	return Result{Code: CodeEdgeReached, Details: r.details("status", "protocol", "ray", "colo")}
}

func edgeResult(r response, code, number string) Result {
	details := r.details("status", "ray", "colo")
	details["number"] = number
	return Result{Code: code, Details: details}
}

// The places in which Cloudflare's error responses carry the error number.
var (
	plainPattern   = lazyRegexp(`^error code: ([0-9]{3,4})$`)
	problemPattern = lazyRegexp(`^https://developers\.cloudflare\.com/(?:.*/)?error-([0-9]{3,4})/?$`)
	headingPattern = lazyRegexp(`\|\s*([0-9]{3,4}): `)
	pagePattern    = lazyRegexp(`(?i)cf-error-code[^>]*>\s*([0-9]{3,4})\b|\berror(?: code| reference number)?:?\s+(1[0-9]{3})\b`)
)

// cloudflareError recognises a response that Cloudflare generated itself: a line of plain text, a problem document, an
// HTML page, or, where the zone has custom error pages, just a status. It returns our code for it and Cloudflare's
// error number if there is one. Both are "" for a response from behind the edge.
// https://developers.cloudflare.com/support/troubleshooting/http-status-codes/
func cloudflareError(r response) (code, number string) {
	// https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/
	if strings.EqualFold(r.header.Get("Cf-Mitigated"), "challenge") {
		return CodeEdgeChallenge, ""
	}
	if r.status < 400 {
		return "", ""
	}
	if match := plainPattern().FindSubmatch(bytes.TrimSpace(r.body)); match != nil {
		number = string(match[1])
	} else if document := r.json(); document != nil {
		code, number = problemError(document)
	} else {
		code, number = pageError(r)
	}
	if code == "" {
		code = codeForNumber(number)
	}
	if code == "" {
		code, number = statusError(r)
	}
	return code, number
}

// problemError reads the RFC 9457 problem document that Cloudflare sends to clients that prefer JSON.
func problemError(document any) (code, number string) {
	if match := problemPattern().FindStringSubmatch(scalarText(lookup(document, "type"))); match != nil {
		number = match[1]
	} else if lookup(document, "cloudflare_error") != true {
		return "", ""
	} else if number = scalarText(lookup(document, "error_code")); number == "" {
		if match := pagePattern().FindStringSubmatch(scalarText(lookup(document, "title"))); match != nil {
			number = match[2]
		}
	}
	if code = codeForNumber(number); code == "" {
		code = CodeEdgeError
	}
	return code, number
}

// pageError reads an HTML page. A number in the title that only Cloudflare uses is sufficient. A title without a
// number, or with one that any server may use, counts only if the page mentions Cloudflare.
func pageError(r response) (code, number string) {
	title := r.title()
	if match := headingPattern().FindStringSubmatch(title); match != nil {
		number = match[1]
	}
	mentioned := bytes.Contains(bytes.ToLower(r.body), []byte("cloudflare"))
	if number != "" && (mentioned || isCloudflareNumber(number)) {
		return "", number
	}
	switch {
	case strings.HasPrefix(title, "Just a moment"):
		return CodeEdgeChallenge, ""
	case title == "" || !mentioned:
		return "", ""
	}
	if match := pagePattern().FindSubmatch(r.body); match != nil {
		return "", string(match[1]) + string(match[2])
	}
	if strings.HasPrefix(title, "Attention Required!") || strings.HasPrefix(title, "Access denied") {
		return CodeEdgeBlocked, ""
	}
	return "", ""
}

// statusError classifies a response whose body has no error number.
func statusError(r response) (code, number string) {
	status := strconv.Itoa(r.status)
	viaCloudflare := r.header.Get("Cf-Ray") != "" || strings.EqualFold(r.header.Get("Server"), "cloudflare")
	switch {
	case isCloudflareNumber(status):
		return codeForNumber(status), status
	case r.status == 403 && bytes.Contains(r.body, []byte("Your request was blocked")): // the setting "Block AI bots"
		return CodeEdgeBlocked, ""
	case r.status == 429 && viaCloudflare && r.json() == nil:
		return CodeEdgeRateLimited, ""
	}
	return "", ""
}

// isCloudflareNumber reports whether only Cloudflare uses the number: 1xxx, 520 to 527, 530.
func isCloudflareNumber(number string) bool {
	n, err := strconv.Atoi(number)
	return err == nil && (n >= 1000 && n < 2000 || n >= 520 && n <= 527 || n == 530)
}

// codeForNumber returns our code for one of Cloudflare's error numbers, "" for any other number.
func codeForNumber(number string) string {
	switch number {
	case "520", "521", "522", "523", "525", "526", "527", "1033":
		return CodeEdgeRouteMissing
	case "1001", "1004", "1018", "1023":
		return CodeEdgeHostUnknown
	case "530", "1016":
		return CodeEdgeOriginUnresolved
	case "1000", "1002", "1034":
		return CodeEdgeForbiddenAddress
	case "1005", "1006", "1007", "1008", "1009", "1010", "1011", "1012", "1020", "1106":
		return CodeEdgeBlocked
	case "1015":
		return CodeEdgeRateLimited
	case "1019":
		return CodeEdgeLoop
	case "1042":
		return CodeEdgeWorkerToWorker
	case "1003", "1024":
		return CodeEdgeUpstreamAddress
	case "1027":
		return CodeEdgeDailyLimit
	case "1101":
		return CodeEdgeWorkerException
	case "1102":
		return CodeEdgeWorkerCPU
	case "524":
		return CodeEdgeUpstreamSlow
	case "500", "502", "503", "504":
		return CodeEdgeUnavailable
	}
	if n, err := strconv.Atoi(number); err == nil && n >= 1000 && n < 2000 {
		return CodeEdgeError
	}
	return ""
}
