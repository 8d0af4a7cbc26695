package view

import (
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// content says in a few words what a thing is: where a record points to, where a route leads, what a Worker serves.
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
	return v.script(attrs)
}

// mostHosts of providers are shown in a row; of more the first one and their number, and all below.
const mostHosts = 2

// script says where a Worker leads.
func (v View) script(attrs binding.Attrs) string {
	hosts := hostsOf(attrs)
	switch {
	case len(hosts) == 0:
		return ""
	case len(hosts) > mostHosts:
		return "→ " + v.Text.T("content.more", "host", hosts[0], "count", strconv.Itoa(len(hosts)-1))
	}
	return "→ " + strings.Join(hosts, " + ")
}

// build is a line of its own: its sixteen digits would push a row over the edge of a terminal. What is not as by default
// follows.
func (v View) build(attrs binding.Attrs) []string {
	if attrs[binding.AttrBuild] == "" {
		return nil
	}
	lines := []string{v.Text.T("content.build", "build", attrs[binding.AttrBuild])}
	if len(hostsOf(attrs)) > mostHosts {
		lines = append(lines, v.label(binding.AttrProviders, strings.Join(hostsOf(attrs), ", ")))
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

// label puts the name of an attribute before what it says.
func (v View) label(name, text string) string {
	return v.Text.T("label", "name", v.Text.T("attr."+name), "value", text)
}

// value makes words of what an attribute says in codes. An empty one means "none" of some things, and "all" of others: of the
// origins that may call, no list is no limit.
func (v View) value(name, value string) string {
	switch {
	case value == "" && v.Text.Has("empty."+name):
		return v.Text.T("empty." + name)
	case value == "":
		return v.Text.T("none")
	case name == binding.AttrProviders, name == binding.AttrOrigins:
		return strings.ReplaceAll(value, " ", ", ")
	case name == binding.AttrKeys:
		for _, mark := range []string{"missing", "unknown"} {
			value = strings.ReplaceAll(value, ":"+mark, ":"+v.Text.T("content.key-"+mark))
		}
	}
	return value
}

// hostsOf shortens "openai=https://api.openai.com" to the host, which says it all.
func hostsOf(attrs binding.Attrs) []string {
	var hosts []string
	for _, provider := range strings.Fields(attrs[binding.AttrProviders]) {
		_, origin, _ := strings.Cut(provider, "=")
		hosts = append(hosts, strings.TrimPrefix(origin, "https://"))
	}
	return hosts
}
