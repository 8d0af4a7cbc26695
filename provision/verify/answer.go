package verify

import (
	"encoding/json"
	"html"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// answer is an HTTP answer whose body is read as far as the limit went.
type answer struct {
	status   int
	protocol string
	header   http.Header
	body     []byte
}

// MarkHeader is the header by which every answer of the relay names the Worker's build: 16 lower-case hex digits.
const MarkHeader = "X-Cfproxy"

var (
	buildForm = regexp.MustCompile(`^[0-9a-f]{16}$`)
	coloForm  = regexp.MustCompile(`^[A-Z]{3}$`)
	titleForm = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
)

// mark returns the build that the answer is marked with, "" if it carries no valid mark or several.
func (a answer) mark() string {
	if marks := a.header.Values(MarkHeader); len(marks) == 1 && buildForm.MatchString(marks[0]) {
		return marks[0]
	}
	return ""
}

// json decodes the body; nil if it is not JSON, or cut off.
func (a answer) json() any {
	var document any
	if json.Unmarshal(a.body, &document) != nil {
		return nil
	}
	return document
}

func (a answer) mediaType() string {
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type")) // a broken parameter leaves the type whole
	return kind
}

// title is that of an HTML page, "" of anything else.
func (a answer) title() string {
	if found := titleForm.FindSubmatch(a.body); found != nil {
		return html.UnescapeString(strings.TrimSpace(string(found[1])))
	}
	return ""
}

// colo is the airport code at the end of the cf-ray header, "" if there is none.
// https://developers.cloudflare.com/fundamentals/reference/http-headers/
func (a answer) colo() string {
	ray := a.header.Get("Cf-Ray")
	if colo := ray[strings.LastIndexByte(ray, '-')+1:]; coloForm.MatchString(colo) {
		return colo
	}
	return ""
}

// describe returns the details of the given names. Those that the answer has not are empty, and left out in the end.
func (a answer) describe(names ...string) map[string]string {
	details := map[string]string{}
	for _, name := range names {
		switch name {
		case "status":
			details[name] = strconv.Itoa(a.status)
		case "colo":
			details[name] = a.colo()
		case "ray":
			details[name] = a.header.Get("Cf-Ray")
		case "title":
			details[name] = a.title()
		case "excerpt":
			details[name] = string(a.body)
		case "protocol":
			details[name] = a.protocol
		case "error_type":
			details[name] = text(at(a.json(), "error.type"))
		case "error_code":
			details[name] = text(at(a.json(), "error.code"))
		default:
			details[name] = a.header.Get(headerOf[name])
		}
	}
	return details
}

// headerOf maps details to the headers that they are taken from.
var headerOf = map[string]string{
	"server": "Server", "content_type": "Content-Type", "location": "Location", "mark": MarkHeader,
	"placement": "Cf-Placement", "retry_after": "Retry-After",
}
