package view

import (
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/provision"
)

// content says in a few words what a thing is: where a record points to, where a route leads, what a Worker serves.
func (v View) content(kind provision.Kind, attrs provision.Attrs) string {
	switch kind {
	case provision.KindRoute:
		if attrs[provision.AttrScript] == "" {
			return v.Text.T("content.route.none")
		}
		return "→ " + attrs[provision.AttrScript]
	case provision.KindDomain:
		return v.Text.T("content.domain", "worker", attrs[provision.AttrScript])
	case provision.KindRecord:
		text := attrs[provision.AttrType] + " " + attrs[provision.AttrContent]
		if attrs[provision.AttrProxied] == "true" {
			return text + v.Text.T("content.proxied")
		}
		return text + v.Text.T("content.unproxied")
	}
	return v.script(attrs)
}

// mostHosts of providers are shown in a row; of more the first one and their number, and all below.
const mostHosts = 2

// script says where a Worker leads.
func (v View) script(attrs provision.Attrs) string {
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
func (v View) build(attrs provision.Attrs) []string {
	if attrs[provision.AttrBuild] == "" {
		return nil
	}
	lines := []string{v.Text.T("content.build", "build", attrs[provision.AttrBuild])}
	if len(hostsOf(attrs)) > mostHosts {
		lines = append(lines, v.label(provision.AttrProviders, strings.Join(hostsOf(attrs), ", ")))
	}
	if region := attrs[provision.AttrRegion]; region != "" {
		lines = append(lines, v.Text.T("content.region", "region", region))
	}
	if attrs[provision.AttrAccess] == provision.AccessManaged {
		lines = append(lines, v.Text.T("content.managed", "tokens", v.value(provision.AttrTokens, attrs[provision.AttrTokens])))
	}
	for _, name := range []string{provision.AttrKeys, provision.AttrOrigins} {
		if attrs[name] != "" {
			lines = append(lines, v.label(name, v.value(name, attrs[name])))
		}
	}
	if attrs[provision.AttrPage] == "false" {
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
	case name == provision.AttrProviders, name == provision.AttrOrigins:
		return strings.ReplaceAll(value, " ", ", ")
	case name == provision.AttrKeys:
		for _, mark := range []string{"missing", "unknown"} {
			value = strings.ReplaceAll(value, ":"+mark, ":"+v.Text.T("content.key-"+mark))
		}
	}
	return value
}

// hostsOf shortens "openai=https://api.openai.com" to the host, which says it all.
func hostsOf(attrs provision.Attrs) []string {
	var hosts []string
	for _, provider := range strings.Fields(attrs[provision.AttrProviders]) {
		_, origin, _ := strings.Cut(provider, "=")
		hosts = append(hosts, strings.TrimPrefix(origin, "https://"))
	}
	return hosts
}
