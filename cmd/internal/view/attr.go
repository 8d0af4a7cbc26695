package view

import (
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// content describes an object in a few words: the address of a record, the Worker of a route, the upstreams of a Worker.
func (v View) content(kind plan.Kind, attrs binding.Attrs) string {
	switch kind {
	case plan.KindRoute:
		if attrs[binding.AttrScript] == "" {
			return v.Text.T("content.route.none")
		}
		return "→ " + attrs[binding.AttrScript]
	case plan.KindDomain:
		return v.Text.T("content.domain", "worker", attrs[binding.AttrScript])
	case plan.KindRecord:
		text := attrs[binding.AttrType] + " " + attrs[binding.AttrContent]
		if attrs[binding.AttrProxied] == "true" {
			return text + v.Text.T("content.proxied")
		}
		return text + v.Text.T("content.unproxied")
	}
	return v.workerTarget(attrs)
}

// maxHosts is the number of upstream hosts in a row. Of more, the row shows the first one and their number, and a note
// all.
const maxHosts = 2

// workerTarget describes the upstreams of a Worker.
func (v View) workerTarget(attrs binding.Attrs) string {
	hosts := upstreamHosts(attrs)
	switch {
	case len(hosts) == 0:
		return ""
	case len(hosts) > maxHosts:
		return "→ " + v.Text.T("content.more", "host", hosts[0], "count", strconv.Itoa(len(hosts)-1))
	}
	return "→ " + strings.Join(hosts, " + ")
}

// buildNotes returns the build and the settings of a Worker that are not the default. They are notes, because the row
// would be too wide for a terminal.
func (v View) buildNotes(attrs binding.Attrs) []string {
	if attrs[binding.AttrBuild] == "" {
		return nil
	}
	lines := []string{v.Text.T("content.build", "build", attrs[binding.AttrBuild])}
	if len(upstreamHosts(attrs)) > maxHosts {
		lines = append(lines, v.label(binding.AttrProviders, strings.Join(upstreamHosts(attrs), ", ")))
	}
	if region := attrs[binding.AttrRegion]; region != "" {
		lines = append(lines, v.Text.T("content.region", "region", region))
	}
	if attrs[binding.AttrAccess] == binding.AccessManaged {
		lines = append(lines, v.Text.T("content.managed", "tokens", v.value(binding.AttrTokens, attrs[binding.AttrTokens])))
	}
	for _, name := range []string{binding.AttrKeys, binding.AttrOrigins} {
		if attrs[name] != "" {
			lines = append(lines, v.label(name, v.value(name, attrs[name])))
		}
	}
	if attrs[binding.AttrPage] == "false" {
		lines = append(lines, v.Text.T("content.no-page"))
	}
	return lines
}

// label returns "name: text" for an attribute.
func (v View) label(name, text string) string {
	return v.Text.T("label", "name", v.Text.T("attr."+name), "value", text)
}

// value formats the value of an attribute. An empty value means "none" for some attributes and "all" for others, such
// as the allowed origins.
func (v View) value(name, value string) string {
	switch {
	case value == "" && v.Text.Has("empty."+name):
		return v.Text.T("empty." + name)
	case value == "":
		return v.Text.T("none")
	case name == binding.AttrProviders, name == binding.AttrOrigins:
		return strings.ReplaceAll(value, " ", ", ")
	case name == binding.AttrKeys:
		for _, status := range []string{"missing", "unknown"} {
			value = strings.ReplaceAll(value, ":"+status, ":"+v.Text.T("content.key-"+status))
		}
	}
	return value
}

// upstreamHosts returns the hosts of the providers, such as api.openai.com for "openai=https://api.openai.com".
func upstreamHosts(attrs binding.Attrs) []string {
	var hosts []string
	for provider := range strings.FieldsSeq(attrs[binding.AttrProviders]) {
		_, origin, _ := strings.Cut(provider, "=")
		hosts = append(hosts, strings.TrimPrefix(origin, "https://"))
	}
	return hosts
}
