package http

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// target is where a URL leads.
type target struct {
	scheme, name, port string
	address            netip.Addr // where the name is one
	url                *url.URL
}

// Host returns scheme, host and port as an operator writes them.
func (t target) Host() string { return Host{Scheme: t.scheme, Name: t.name, Port: t.port}.String() }

// sameOrigin says whether what is meant for one may be told to the other.
func (t target) sameOrigin(o target) bool {
	return t.scheme == o.scheme && t.name == o.name && t.port == o.port
}

// maxURL is longer than any URL that servers take, in bytes.
const maxURL = 8 << 10

// parseTarget reads a URL. It takes one spelling of each host, since what two
// readers understand differently gets past the one that checks.
func parseTarget(s string) (target, error) {
	if len(s) > maxURL {
		return target{}, fmt.Errorf("the URL has %d bytes; at most %d are read", len(s), maxURL)
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f || s[i] == '\\' {
			return target{}, fmt.Errorf("the URL has byte 0x%02x, which must be written as %%%02X", s[i], s[i])
		}
	}
	u, err := url.Parse(s)
	if err != nil {
		return target{}, errors.New("the URL cannot be read: write for example https://api.example.com/path?query")
	}
	return targetOf(u)
}

// targetOf checks a URL that was read, by us or from a redirect.
func targetOf(u *url.URL) (target, error) {
	t := target{scheme: u.Scheme, port: portOf(u.Scheme), url: u}
	switch {
	case t.port == "":
		return t, fmt.Errorf("the URL's scheme %.20q is not https or http", u.Scheme)
	case u.Opaque != "" || u.Host == "":
		return t, errors.New("the URL has no host: write for example https://api.example.com/path")
	case u.User != nil:
		return t, errors.New("the URL has a user or a password in it: put what the server needs into a header")
	}
	name, port, err := splitPort(u.Host)
	if err != nil {
		return t, err
	}
	if port != "" {
		t.port = port
	}
	if t.name, err = hostName(name); err != nil {
		return t, err
	}
	t.address, _ = netip.ParseAddr(t.name)
	// What is sent is what was compared.
	u.Host = t.name
	if t.address.Is6() {
		u.Host = "[" + t.name + "]"
	}
	if t.port != portOf(t.scheme) {
		u.Host = net.JoinHostPort(t.name, t.port)
	}
	u.Fragment, u.RawFragment = "", ""
	return t, nil
}

// hostName returns the one spelling of a host: a name of letters, digits, - and
// _ in small letters, or an address. A name that ends in a number is some
// reader's way of writing an address, such as 0x7f.1 or 2130706433.
func hostName(s string) (string, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		if a.Zone() != "" {
			return "", errors.New("an address has no zone")
		}
		return a.String(), nil
	}
	s = strings.ToLower(s)
	if len(s) > 253 {
		return "", errors.New("the host's name is too long")
	}
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 {
			return "", fmt.Errorf("the host %.80q is no name: its parts have 1 to 63 characters, and no point follows them", s)
		}
		for i := range len(label) {
			if c := label[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return "", fmt.Errorf("the host %+.80q has a character that is no letter, digit, - or _; write other letters in their xn-- form", s)
			}
		}
	}
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' {
		return "", fmt.Errorf("the host %.80q is no address: write four numbers from 0 to 255, such as 192.0.2.1", s)
	}
	return s, nil
}
