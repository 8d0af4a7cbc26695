package verify

import (
	"bytes"
	"context"
	"regexp"
	"strconv"
	"strings"
)

// healthPath is where the Worker says who it is.
const healthPath = "/-/health"

// edge fetches the health answer and asks who made it: Cloudflare itself, or something behind it.
func (p *pass) edge(ctx context.Context, _ Upstream) verdict {
	health, err := p.link.ask(ctx, request{method: "GET", path: healthPath}, maxBody)
	if err != nil {
		return judgeSilence(err, CodeEdgeTimeout)
	}
	p.health = health
	return judgeEdge(health)
}

// judgeSilence tells a server that says nothing from one that breaks off or talks nonsense.
func judgeSilence(err error, timeout string) verdict {
	if isTimeout(err) {
		return verdict{code: timeout}
	}
	return verdict{CodeEdgeNoAnswer, map[string]string{"error": err.Error()}}
}

func judgeEdge(a answer) verdict {
	if a.mark() == "" {
		if code, number := cloudflareMade(a); code != "" {
			return edgeVerdict(a, code, number)
		}
	}
	return verdict{CodeEdgeReached, a.describe("status", "protocol", "ray", "colo")}
}

func edgeVerdict(a answer, code, number string) verdict {
	details := a.describe("status", "ray", "colo")
	details["number"] = number
	return verdict{code, details}
}

var (
	plainForm   = regexp.MustCompile(`^error code: ([0-9]{3,4})$`)
	problemForm = regexp.MustCompile(`^https://developers\.cloudflare\.com/(?:.*/)?error-([0-9]{3,4})/?$`)
	headingForm = regexp.MustCompile(`\|\s*([0-9]{3,4}): `)
	pageForm    = regexp.MustCompile(`(?i)cf-error-code[^>]*>\s*([0-9]{3,4})\b|\berror(?: code| reference number)?:?\s+(1[0-9]{3})\b`)
)

// cloudflareMade recognises an answer that Cloudflare made up itself, in any of the shapes it gives them: a line of
// plain text, a problem document, an HTML page, or only a status of its own, where the zone has its own error pages. It
// returns the code for it and Cloudflare's number, if shown; "" for an answer that came from behind.
// https://developers.cloudflare.com/support/troubleshooting/http-status-codes/
func cloudflareMade(a answer) (code, number string) {
	if strings.EqualFold(a.header.Get("Cf-Mitigated"), "challenge") { // …/cloudflare-challenges/challenge-types/challenge-pages/detect-response/
		return CodeEdgeChallenge, ""
	}
	if a.status < 400 {
		return "", ""
	}
	if found := plainForm.FindSubmatch(bytes.TrimSpace(a.body)); found != nil {
		number = string(found[1])
	} else if document := a.json(); document != nil {
		code, number = problemNumber(document)
	} else {
		code, number = pageNumber(a)
	}
	if code == "" {
		code = edgeCode(number)
	}
	if code == "" {
		code, number = byStatus(a)
	}
	return code, number
}

// problemNumber reads the RFC 9457 document that Cloudflare gives to clients that prefer JSON.
func problemNumber(document any) (code, number string) {
	if found := problemForm.FindStringSubmatch(text(at(document, "type"))); found != nil {
		number = found[1]
	} else if at(document, "cloudflare_error") != true {
		return "", ""
	} else if number = text(at(document, "error_code")); number == "" {
		if found := pageForm.FindStringSubmatch(text(at(document, "title"))); found != nil {
			number = found[2]
		}
	}
	if code = edgeCode(number); code == "" {
		code = CodeEdgeError
	}
	return code, number
}

// pageNumber reads an HTML page. A title with a number that only Cloudflare uses is enough; a title without one, or with
// one that any server gives, must come on a page that names Cloudflare.
func pageNumber(a answer) (code, number string) {
	title := a.title()
	if found := headingForm.FindStringSubmatch(title); found != nil {
		number = found[1]
	}
	its := bytes.Contains(bytes.ToLower(a.body), []byte("cloudflare"))
	if number != "" && (its || isOwn(number)) {
		return "", number
	}
	switch {
	case strings.HasPrefix(title, "Just a moment"):
		return CodeEdgeChallenge, ""
	case title == "" || !its:
		return "", ""
	}
	if found := pageForm.FindSubmatch(a.body); found != nil {
		return "", string(found[1]) + string(found[2])
	}
	if strings.HasPrefix(title, "Attention Required!") || strings.HasPrefix(title, "Access denied") {
		return CodeEdgeBlocked, ""
	}
	return "", ""
}

// byStatus judges what has no number to read.
func byStatus(a answer) (code, number string) {
	status := strconv.Itoa(a.status)
	fronted := a.header.Get("Cf-Ray") != "" || strings.EqualFold(a.header.Get("Server"), "cloudflare")
	switch {
	case isOwn(status):
		return edgeCode(status), status
	case a.status == 403 && bytes.Contains(a.body, []byte("Your request was blocked")): // by "block AI bots"
		return CodeEdgeBlocked, ""
	case a.status == 429 && fronted && a.json() == nil:
		return CodeEdgeRateLimited, ""
	}
	return "", ""
}

// isOwn reports whether only Cloudflare uses the number: 1xxx, 520 to 527, 530.
func isOwn(number string) bool {
	n, err := strconv.Atoi(number)
	return err == nil && (n >= 1000 && n < 2000 || n >= 520 && n <= 527 || n == 530)
}

// edgeCode names the cause behind one of Cloudflare's numbers; "" for what is none of them.
func edgeCode(number string) string {
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
