package sandbox

import (
	"cmp"
	"fmt"
	"html"
	"net/http"
	"strconv"
)

// trouble is an answer that the edge makes itself.
type trouble struct {
	status int
	code   string // Cloudflare's number, or a word for what only a sandbox can lack
	title  string // as Cloudflare's pages have it, up to the host
	text   string
}

var (
	troubleName    = trouble{409, "1001", "DNS resolution error", "No proxied DNS record of an active zone has this name."}
	troubleScript  = trouble{500, "1101", "Worker threw exception", "The Worker could not be started or failed."}
	troubleTimeout = trouble{522, "522", "Connection timed out",
		"No Workers route covers this address, so the request went to the origin, which does not answer."}
	troubleState   = trouble{500, "500", "Internal server error", "The state of the sandbox cannot be read."}
	troubleRuntime = trouble{503, "no-workerd", "Worker not run", "This sandbox was opened without a workerd binary."}
	troubleSyntax  = trouble{503, "service-worker", "Worker not run", "This sandbox runs ES modules only."}
)

// trouble words a fault at the edge.
func (f *fault) trouble() trouble {
	status := f.status()
	return trouble{
		status: status, code: strconv.Itoa(cmp.Or(f.Code, status)),
		title: cmp.Or(f.Message, http.StatusText(status), "Error"),
		text:  "A fault in the state of the sandbox asked for this.",
	}
}

// write sends the page. Numbered refusals and failed origins have differently built titles, which clients tell apart.
func (t trouble) write(w http.ResponseWriter, host, ray, detail string) {
	title := fmt.Sprintf("%s | %s | Cloudflare", t.title, host)
	if t.status >= 520 && t.status < 530 {
		title = fmt.Sprintf("%s | %s: %s", host, t.code, t.title)
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
	w.WriteHeader(t.status)
	fmt.Fprintf(w, pageHTML, html.EscapeString(title), t.code, html.EscapeString(t.title), t.text, more, ray)
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
