package dial

import (
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// connectTo is curl's --connect-to HOST1:PORT1:HOST2:PORT2: a connection to HOST1:PORT1 goes to HOST2:PORT2 instead. An empty
// HOST1 or PORT1 matches any, an empty HOST2 or PORT2 is left as it is. https://curl.se/docs/manpage.html#--connect-to
type connectTo struct{ fromHost, fromPort, toHost, toPort string }

func parseConnectTo(s string) (connectTo, error) {
	parts := splitColons(s)
	if len(parts) != 4 {
		return connectTo{}, problem.Usage("connect-to-invalid", "value", s)
	}
	return connectTo{parts[0], parts[1], parts[2], parts[3]}, nil
}

// splitColons splits at the colons outside of brackets, and removes the brackets of IPv6 addresses.
func splitColons(s string) []string {
	depth := 0
	parts := []string{""}
	for _, c := range s {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == ':' && depth == 0:
			parts = append(parts, "")
		default:
			parts[len(parts)-1] += string(c)
		}
	}
	return parts
}

func (c connectTo) matches(host, port string) bool {
	return (c.fromHost == "" || strings.EqualFold(c.fromHost, host)) && (c.fromPort == "" || c.fromPort == port)
}
