package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
)

// mostRedirects is how often a server may send a request elsewhere.
const mostRedirects = 5

// follow sends a request, and again where it is sent elsewhere. Each time the
// policy is asked, and the attempt's lease.
func (c *client) follow(ctx context.Context, s *capability.Session, r *request, maxBody int64) (*abi.Fetched, error) {
	release, err := c.turns.wait(ctx, s.Job.Circle)
	if err != nil {
		return nil, err
	}
	defer release()
	for redirects := 0; ; redirects++ {
		rule, err := c.ruleFor(s, r)
		if err != nil {
			return nil, err
		}
		if err := s.Effect(ctx); err != nil {
			return nil, err
		}
		reply, err := c.transport.RoundTrip(r.send(ctx, rule))
		if err != nil {
			return nil, refine(ctx, r.target, err)
		}
		location := reply.Header.Get("Location")
		if !redirected(reply.StatusCode) || location == "" {
			return read(ctx, r, reply, maxBody)
		}
		_ = reply.Body.Close()
		if redirects == mostRedirects {
			return nil, &abi.Error{Code: abi.Limit, Message: fmt.Sprintf("the request was sent elsewhere more than %d times, at last by %s", mostRedirects, r.target.Host())}
		}
		if r, err = r.redirect(reply.StatusCode, location); err != nil {
			return nil, err
		}
	}
}

// ruleFor returns the rule that allows a request.
func (c *client) ruleFor(s *capability.Session, r *request) (Rule, error) {
	for _, rule := range c.Policy.HTTP(s.Module, s.Job.Circle) {
		if rule.allows(r.method, r.target) {
			return rule, nil
		}
	}
	return Rule{}, &abi.Error{Code: abi.AccessDenied, Message: fmt.Sprintf(
		"the module %s may not send %s to %s in the circle %s; %s",
		s.Module, r.method, r.target.Host(), s.Job.Circle, HowToGrant(s.Module, s.Job.Circle, r.target.Host()))}
}

func redirected(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// redirect returns the request that a server asks for in place of r. Where it
// leads to another server, that gets none of the headers that may be secret:
// those of the script's own cannot be told apart, so only harmless ones go on.
func (r *request) redirect(status int, location string) (*request, error) {
	refuse := func(why string) error {
		return &abi.Error{Code: abi.AccessDenied, Message: fmt.Sprintf("%s sends the request elsewhere, which is not followed: %s", r.target.Host(), why)}
	}
	// A relative one continues the URL; an absolute one is checked as a
	// script's is.
	reference, err := url.Parse(location)
	if err != nil || len(location) > maxURL {
		return nil, refuse("its location is no URL")
	}
	to, err := parseTarget(r.target.url.ResolveReference(reference).String())
	if err != nil {
		return nil, refuse(err.Error())
	}
	if r.target.scheme == "https" && to.scheme != "https" {
		return nil, refuse("it leads from https to http")
	}
	next := &request{method: r.method, target: to, header: r.header, body: r.body}
	keeps := status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect
	if !keeps && r.method != http.MethodGet && r.method != http.MethodHead {
		next.method, next.body = http.MethodGet, nil
	}
	if !to.sameOrigin(r.target) {
		if len(next.body) > 0 {
			return nil, refuse("the request has a body, and it leads to another server")
		}
		next.header = http.Header{}
		for _, name := range []string{"Accept", "Accept-Language", "User-Agent"} {
			if v := r.header[name]; v != nil {
				next.header[name] = v
			}
		}
	}
	return next, nil
}

// read reads the reply, at most maxBody bytes of it.
func read(ctx context.Context, r *request, reply *http.Response, maxBody int64) (*abi.Fetched, error) {
	defer reply.Body.Close()
	tooLarge := &abi.Error{Code: abi.TooLarge, Message: fmt.Sprintf("the reply of %s is longer than %d bytes; ask for less, or give a larger max_body where the host's limit allows it", r.target.Host(), maxBody)}
	if r.method != http.MethodHead && reply.ContentLength > maxBody {
		return nil, tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(reply.Body, maxBody+1))
	if int64(len(body)) > maxBody {
		return nil, tooLarge
	}
	if err != nil {
		return nil, refine(ctx, r.target, err)
	}
	headers := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(reply.Header)) {
		headers[strings.ToValidUTF8(strings.ToLower(name), "\uFFFD")] = strings.ToValidUTF8(strings.Join(reply.Header[name], ", "), "\uFFFD")
	}
	return &abi.Fetched{Status: reply.StatusCode, Headers: headers, Body: abi.TextOrBytes(body)}, nil
}

// refine says what a script may know of an exchange that broke.
func refine(ctx context.Context, t target, err error) error {
	var e *abi.Error
	switch {
	case errors.As(err, &e):
		return e
	case ctx.Err() != nil:
		return ctx.Err()
	case strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "tls:"):
		return unavailable(t.Host()+" could not be reached safely: its certificate or its TLS is not in order", err)
	case strings.Contains(err.Error(), "response headers exceeded"):
		return &abi.Error{Code: abi.TooLarge, Message: fmt.Sprintf("the headers of the reply of %s are longer than %d bytes", t.Host(), maxHeaders)}
	}
	return unavailable(t.Host()+" broke off, or did not answer in HTTP", err)
}
