package workerd

import (
	"encoding/hex"
	"fmt"
	"net"
	"strings"
)

// outboundService is the name of the service that every fetch goes to. Names of scripts on Cloudflare cannot have parentheses,
// so there is no collision.
const outboundService = "(outbound)"

// Headers by which the server in front of the sockets passes the scheme of the request and request.cf, as a JSON object. It must
// remove the values that a client sends.
const (
	ProtoHeader = "X-Forwarded-Proto"
	CFHeader    = "CF-Blob"
)

// text returns c as Cap'n Proto text: a constant named config. Errors name the Worker, module or binding that cannot be
// expressed.
func (c Config) text() (string, error) {
	var services, sockets []string
	seen := map[string]bool{}
	for _, w := range c.Workers {
		if w.Name == "" || seen[w.Name] {
			return "", fmt.Errorf("worker %q: name is empty or used twice", w.Name)
		}
		seen[w.Name] = true
		body, err := w.text()
		if err != nil {
			return "", fmt.Errorf("worker %q: %w", w.Name, err)
		}
		name := quote(w.Name)
		services = append(services, fmt.Sprintf("(name = %s, worker = %s)", name, body))
		sockets = append(sockets, fmt.Sprintf(
			"(name = %s, address = \"127.0.0.1:0\", service = %s, http = (forwardedProtoHeader = %s, cfBlobHeader = %s))",
			name, name, quote(ProtoHeader), quote(CFHeader)))
	}
	out, err := outboundText(c.Outbound)
	if err != nil {
		return "", err
	}
	services = append(services, out)
	return "using Workerd = import \"/workerd/workerd.capnp\";\n\nconst config :Workerd.Config = (\n" + c.extensionsText() + "  services = " +
		list(services) + ",\n  sockets = " + list(sockets) + ",\n);\n", nil
}

// noNetwork is a Worker that throws an exception for every request. workerd's network service with no allowed addresses would
// still resolve names.
const noNetwork = `(modules = [(name = "none.js", esModule = "export default { fetch() { throw new Error('no network') } }")], ` +
	`compatibilityDate = "2026-06-01")`

// outboundText returns the service for outgoing requests. In the style "proxy" workerd sends no Host header, which HTTP/1.1
// requires (RFC 9112, section 3.2) and servers insist on. Its value does not matter because the request has the whole URL.
func outboundText(address string) (string, error) {
	name := quote(outboundService)
	if address == "" {
		return fmt.Sprintf("(name = %s, worker = %s)", name, noNetwork), nil
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return "", fmt.Errorf("outbound: %w", err)
	}
	return fmt.Sprintf("(name = %s, external = (address = %s, http = (style = proxy, injectRequestHeaders = [(name = \"Host\", value = \"outbound\")])))",
		name, quote(address)), nil
}

func (w Worker) text() (string, error) {
	modules, err := w.moduleTexts()
	if err != nil {
		return "", err
	}
	var bindings, flags []string
	for _, b := range w.Bindings {
		s, err := b.text()
		if err != nil {
			return "", err
		}
		bindings = append(bindings, s)
	}
	for _, f := range w.CompatibilityFlags {
		flags = append(flags, quote(f))
	}
	return fmt.Sprintf("(\n    modules = %s,\n    bindings = %s,\n    compatibilityDate = %s,\n    compatibilityFlags = %s,\n    globalOutbound = %s)",
		list(modules), list(bindings), quote(w.CompatibilityDate), list(flags), quote(outboundService)), nil
}

// moduleTexts returns the modules with the main module first, as workerd requires.
func (w Worker) moduleTexts() ([]string, error) {
	var main, rest []string
	for _, m := range w.Modules {
		s, err := m.text()
		if err != nil {
			return nil, err
		}
		if m.Name == w.Main {
			main = append(main, s)
		} else {
			rest = append(rest, s)
		}
	}
	if len(main) != 1 {
		return nil, fmt.Errorf("main module %q: found %d times", w.Main, len(main))
	}
	return append(main, rest...), nil
}

func (m Module) text() (string, error) {
	var field, value string
	switch m.Type {
	case TypeESModule:
		field, value = "esModule", quote(string(m.Body))
	case TypeCommonJS:
		field, value = "commonJsModule", quote(string(m.Body))
	case TypeText:
		field, value = "text", quote(string(m.Body))
	case TypeJSON:
		field, value = "json", quote(string(m.Body))
	case TypeData:
		field, value = "data", data(m.Body)
	case TypeWasm:
		field, value = "wasm", data(m.Body)
	default:
		return "", fmt.Errorf("module %q: unsupported type %q", m.Name, m.Type)
	}
	return fmt.Sprintf("(name = %s, %s = %s)", quote(m.Name), field, value), nil
}

func (b Binding) text() (string, error) {
	switch b.Type {
	case BindingText, BindingSecret:
		return fmt.Sprintf("(name = %s, text = %s)", quote(b.Name), quote(b.Text)), nil
	case BindingJSON:
		return fmt.Sprintf("(name = %s, json = %s)", quote(b.Name), quote(string(b.JSON))), nil
	case BindingRateLimit:
		return b.RateLimit.text(b.Name)
	}
	return "", fmt.Errorf("binding %q: unsupported type %q", b.Name, b.Type)
}

func list(items []string) string {
	if len(items) == 0 {
		return "[]"
	}
	return "[\n    " + strings.Join(items, ",\n    ") + "]"
}

// quote returns s as a Cap'n Proto string literal. All bytes but printable ASCII are escaped as \xHH: the grammar has no \u,
// and a literal cannot contain a line break.
func quote(s string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	b.Grow(len(s) + len(s)/16 + 2)
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c < 0x20 || c >= 0x7f:
			b.WriteString(`\x`)
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// data returns b as a Cap'n Proto data literal.
func data(b []byte) string { return `0x"` + hex.EncodeToString(b) + `"` }
