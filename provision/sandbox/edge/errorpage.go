package edge

import (
	"cmp"
	"fmt"
	"html"
	"net/http"
	"strconv"

	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// errorPage is a response of the edge itself.
type errorPage struct {
	status int
	code   string // Cloudflare's number, or a word for what only a sandbox can lack
	title  string // as on Cloudflare's pages, without the host
	text   string
}

var (
	pageName    = errorPage{409, "1001", "DNS resolution error", "No proxied DNS record of an active zone has this name."}
	pageWorker  = errorPage{500, "1101", "Worker threw exception", "The Worker could not be started or failed."}
	pageTimeout = errorPage{522, "522", "Connection timed out",
		"No Workers route covers this address, so the request went to the origin, which does not answer."}
	pageState   = errorPage{500, "500", "Internal server error", "The state of the sandbox cannot be read."}
	pageRuntime = errorPage{503, "no-workerd", "Worker not run", "This sandbox was opened without a workerd binary."}
	pageSyntax  = errorPage{503, "service-worker", "Worker not run", "This sandbox runs ES modules only."}
)

// faultPage returns the page for a fault at the edge.
func faultPage(f *sandbox.Fault) errorPage {
	status := f.StatusCode()
	return errorPage{
		status: status, code: strconv.Itoa(cmp.Or(f.Code, status)),
		title: cmp.Or(f.Message, http.StatusText(status), "Error"),
		text:  "A fault in the state of the sandbox asked for this.",
	}
}

// write writes the page. Cloudflare's titles have different forms for its numbered errors and for failed origins, which
// clients use to tell them apart.
func (p errorPage) write(w http.ResponseWriter, host, ray, detail string) {
	title := fmt.Sprintf("%s | %s | Cloudflare", p.title, host)
	if p.status >= 520 && p.status < 530 {
		title = fmt.Sprintf("%s | %s: %s", host, p.code, p.title)
	}
	more := ""
	if detail != "" {
		more = "<pre>" + html.EscapeString(detail) + "</pre>\n"
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=UTF-8")
	h.Set("Cache-Control", "private, max-age=0, no-store, no-cache, must-revalidate")
	h.Set("Server", "cloudflare")
	h.Set("Cf-Ray", ray)
	w.WriteHeader(p.status)
	fmt.Fprintf(w, pageHTML, html.EscapeString(title), p.code, html.EscapeString(p.title), p.text, more, ray)
}

const pageHTML = `<!DOCTYPE html>
<html lang="en">
<head><title>%s</title></head>
<body>
<h1>Error %s: %s</h1>
<p>%s</p>
%s<p>Ray ID: %s. A page of the sandbox, not of Cloudflare.</p>
</body>
</html>
`
