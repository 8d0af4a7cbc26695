package verify

import (
	"encoding/json"
	"html"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// BuildHeader is the response header in which the Worker states its build, 16 lower-case hex digits.
const BuildHeader = "X-Cfproxy"

// response is an HTTP response with its body, which may be truncated.
type response struct {
	status   int
	protocol string
	header   http.Header
	body     []byte
}

// lazyRegexp returns a function that compiles pattern at its first call. Most runs of the program need none of them.
func lazyRegexp(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// build returns the build in the response's build header, "" if there is no valid one or there are several headers.
func (r response) build() string {
	if values := r.header.Values(BuildHeader); len(values) == 1 && isBuild(values[0]) {
		return values[0]
	}
	return ""
}

// isBuild reports whether s is 16 lower-case hex digits.
func isBuild(s string) bool { return len(s) == 16 && strings.Trim(s, "0123456789abcdef") == "" }

// isColo reports whether s has the form of an airport code: three upper-case letters.
func isColo(s string) bool { return len(s) == 3 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" }

// json decodes the body. It returns nil if the body is not JSON or is truncated.
func (r response) json() any {
	var document any
	if json.Unmarshal(r.body, &document) != nil {
		return nil
	}
	return document
}

func (r response) mediaType() string {
	mediaType, _, _ := mime.ParseMediaType(r.header.Get("Content-Type")) // returned even if a parameter is malformed
	return mediaType
}

var titlePattern = lazyRegexp(`(?is)<title[^>]*>(.*?)</title>`)

// title returns the title of an HTML page, "" if there is none.
func (r response) title() string {
	if match := titlePattern().FindSubmatch(r.body); match != nil {
		return html.UnescapeString(strings.TrimSpace(string(match[1])))
	}
	return ""
}

// colo returns the airport code at the end of the cf-ray header, "" if there is none.
// https://developers.cloudflare.com/fundamentals/reference/http-headers/
func (r response) colo() string {
	ray := r.header.Get("Cf-Ray")
	if colo := ray[strings.LastIndexByte(ray, '-')+1:]; isColo(colo) {
		return colo
	}
	return ""
}

// details returns the named details. Those that the response does not have are empty; cleanDetails removes them.
func (r response) details(names ...string) map[string]string {
	details := map[string]string{}
	for _, name := range names {
		switch name {
		case "status":
			details[name] = strconv.Itoa(r.status)
		case "colo":
			details[name] = r.colo()
		case "ray":
			details[name] = r.header.Get("Cf-Ray")
		case "title":
			details[name] = r.title()
		case "excerpt":
			details[name] = string(r.body)
		case "protocol":
			details[name] = r.protocol
		case "error_type":
			details[name] = scalarText(lookup(r.json(), "error.type"))
		case "error_code":
			details[name] = scalarText(lookup(r.json(), "error.code"))
		case "server":
			details[name] = r.header.Get("Server")
		case "content_type":
			details[name] = r.header.Get("Content-Type")
		case "location":
			details[name] = r.header.Get("Location")
		case "mark":
			details[name] = r.header.Get(BuildHeader)
		case "placement":
			details[name] = r.header.Get("Cf-Placement")
		case "retry_after":
			details[name] = r.header.Get("Retry-After")
		}
	}
	return details
}
