package sandbox

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// The API runs a script before it accepts it. The sandbox has no JavaScript engine at this point. It searches the source
// for the two most common mistakes: a missing module, and a script without event handlers.
var (
	importPattern = lazyRegexp(`(?m)^\s*(?:import|export)\b(?:[^;'"()]*?\bfrom)?\s*["']([^"'\n]+)["']`)
	exportPattern = lazyRegexp(`\bexport\s*(\bdefault\b|\{[^}]*\bdefault\b)`)
	listenPattern = lazyRegexp(`\baddEventListener\s*\(`)
)

func handlerNames() []string {
	return []string{"fetch", "scheduled", "queue", "email", "tail", "trace"}
}

func (u *upload) checkSource(main *module) *apiError {
	for _, m := range u.modules {
		if !isESModule(m) {
			continue
		}
		for _, found := range importPattern().FindAllSubmatch(m.source(), -1) {
			if name := string(found[1]); !u.resolves(m.Name, name) {
				return validationError("Uncaught Error: No such module %q.\n  imported from %q\n", name, m.Name)
			}
		}
	}
	if isESModule(main) && !exportPattern().Match(main.source()) && !listenPattern().Match(main.source()) {
		return validationError("No event handlers were registered. This script does nothing.")
	}
	if !isESModule(main) && !listenPattern().Match(main.source()) {
		return newError(400, 10068, "The uploaded script has no registered event handlers.")
	}
	return nil
}

// resolves reports whether an import is among the parts of the upload. Names with a scheme (node:, cloudflare:) belong to
// the runtime.
func (u *upload) resolves(from, name string) bool {
	if strings.Contains(name, ":") {
		return true
	}
	full := path.Join(path.Dir(from), name)
	if after, ok := strings.CutPrefix(name, "/"); ok {
		full = after
	}
	return slices.ContainsFunc(u.modules, func(m *module) bool { return path.Clean(m.Name) == full })
}

// handlers guesses which events the script handles; at least fetch.
func (v *version) handlers() []string {
	var names []string
	for _, m := range v.Modules {
		if m.Name != v.Main && m.Name != v.Body {
			continue
		}
		for _, name := range handlerNames() {
			if regexp.MustCompile(`\b` + name + `\b`).Match(m.source()) {
				names = append(names, name)
			}
		}
	}
	if names == nil {
		return []string{"fetch"}
	}
	return names
}
