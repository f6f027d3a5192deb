package http

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Rule is a set of hosts that may be reached.
type Rule struct {
	Hosts []Host

	// Methods are those that may be used; none are all.
	Methods []string

	// Private are ranges of addresses that are reached although they belong to
	// nobody in particular: see permitted.
	Private []netip.Prefix
}

// Host is a host that may be reached: one name, one address, or all names below
// one.
type Host struct {
	Scheme string // http or https
	Name   string // in small letters, without the star
	Below  bool   // all names that end in it, at any depth, and not itself
	Port   string
}

// ParseHost reads a host as an operator writes it: name or address, with
// https:// or http:// before it, a port behind it. Without a scheme it is
// https, without a port that of the scheme.
func ParseHost(s string) (Host, error) {
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		scheme, rest = "https", s
	}
	h := Host{Scheme: scheme, Port: portOf(scheme)}
	if h.Port == "" {
		return h, fmt.Errorf("host %.80q: the scheme is https or http", s)
	}
	rest, h.Below = strings.CutPrefix(rest, "*.")
	name, port, err := splitPort(rest)
	if err != nil {
		return h, fmt.Errorf("host %.80q: %v; write for example api.example.com, *.example.com:8443 or http://10.0.0.7", s, err)
	}
	if port != "" {
		h.Port = port
	}
	if h.Name, err = hostName(name); err != nil {
		return h, fmt.Errorf("host %.80q: %v; write for example api.example.com, *.example.com:8443 or http://10.0.0.7", s, err)
	}
	if _, err := netip.ParseAddr(h.Name); err == nil && h.Below {
		return h, fmt.Errorf("host %.80q: a star stands before a name, not before an address", s)
	}
	if h.Below && !strings.Contains(h.Name, ".") {
		return h, fmt.Errorf("host %.80q: a star for all names of a top-level domain is too much", s)
	}
	return h, nil
}

// ParseMethod reads a method's name.
func ParseMethod(s string) (string, error) {
	if !slices.Contains(methods(), s) {
		return "", fmt.Errorf("method %.40q is not one of %s", s, strings.Join(methods(), ", "))
	}
	return s, nil
}

// methods are those that a request may have. CONNECT and TRACE are for proxies.
func methods() []string {
	return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
}

// String returns the host as ParseHost reads it.
func (h Host) String() string {
	name := h.Name
	if h.Below {
		name = "*." + name
	}
	if h.Port == portOf(h.Scheme) {
		if strings.Contains(name, ":") {
			name = "[" + name + "]"
		}
		return h.Scheme + "://" + name
	}
	return h.Scheme + "://" + net.JoinHostPort(name, h.Port)
}

// String returns what the rule allows in one line.
func (r Rule) String() string {
	var said []string
	for _, h := range r.Hosts {
		said = append(said, h.String())
	}
	if len(r.Methods) > 0 {
		said = append(said, "by", strings.Join(r.Methods, ","))
	}
	for _, p := range r.Private {
		said = append(said, "also in", p.String())
	}
	return strings.Join(said, " ")
}

// covers says whether a target is what the host is about.
func (h Host) covers(t target) bool {
	if h.Scheme != t.scheme || h.Port != t.port {
		return false
	}
	if h.Below {
		return !t.address.IsValid() && strings.HasSuffix(t.name, "."+h.Name)
	}
	return h.Name == t.name
}

// allows says whether a request may be sent.
func (r Rule) allows(method string, t target) bool {
	return (len(r.Methods) == 0 || slices.Contains(r.Methods, method)) &&
		slices.ContainsFunc(r.Hosts, func(h Host) bool { return h.covers(t) })
}

// HowToGrant says what an operator writes so that a module may reach a host.
func HowToGrant(module, circle, host string) string {
	return fmt.Sprintf("to grant it, write into the file that henge worker start --config names:\n[[http]]\ncircles = [%q]\nmodules = [%q]\nhosts = [%q]", circle, module, host)
}

func portOf(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}

// splitPort parts host and port. A port is written without zeros before it.
func splitPort(s string) (name, port string, err error) {
	name = s
	if i := strings.LastIndexByte(s, ':'); i >= 0 && i > strings.LastIndexByte(s, ']') && strings.Count(s, ":") == strings.Count(s[:max(strings.LastIndexByte(s, ']'), 0)], ":")+1 {
		name, port = s[:i], s[i+1:]
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
			return "", "", fmt.Errorf("port %.20q is not a number from 1 to 65535", port)
		}
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		name, ok = strings.CutSuffix(inner, "]")
		if a, err := netip.ParseAddr(name); !ok || err != nil || !a.Is6() {
			return "", "", fmt.Errorf("what stands in brackets is no IPv6 address")
		}
	}
	return name, port, nil
}
