// Package http is the capability by which a script sends a request to a host
// that the operator allows. Everything in a request is a stranger's word: its
// URL is read strictly, the host is compared with the policy, resolved once,
// and the connection goes to the address that was looked at. It knows no policy
// file and no WebAssembly runtime.
package http

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
)

// Policy says what a module may reach for a circle's jobs. It is safe for
// concurrent use.
type Policy interface {
	HTTP(module, circle string) []Rule
}

// Resolver finds the addresses of a host; net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Options say how the capability is made. Policy is required.
type Options struct {
	Policy Policy

	// Directory knows the members of circles; without one only a circle's owner
	// may send requests.
	Directory capability.Directory

	// Resolver is net.DefaultResolver if nil.
	Resolver Resolver

	// MaxBody is the longest body of a reply, in bytes, after it was
	// decompressed: 16 MiB if 0. A request may ask for less.
	MaxBody int64

	// PerCircle is how many requests of a circle run at once, 16 if 0. More
	// wait for their turn.
	PerCircle int

	// TLS says which certificates are good; nil for those that are good to the
	// system.
	TLS *tls.Config
}

const (
	defaultMaxBody   = 16 << 20
	defaultPerCircle = 16
)

// client carries out requests. It is safe for concurrent use.
type client struct {
	Options
	transport *http.Transport
	turns     turns
}

// New returns the capability henge_http_v1.
func New(opts Options) capability.Capability {
	opts.MaxBody = cmp.Or(opts.MaxBody, defaultMaxBody)
	opts.PerCircle = cmp.Or(opts.PerCircle, defaultPerCircle)
	c := &client{Options: opts, transport: newTransport(opts), turns: turns{most: opts.PerCircle}}
	return capability.Capability{
		Name:      abi.HTTPV1,
		Functions: []capability.Function{{Name: "fetch", Call: c.fetch}},
	}
}

// fetch implements http.fetch.
func (c *client) fetch(ctx context.Context, call *capability.Call) error {
	var asked abi.Fetch
	enc, err := call.Decode(&asked)
	if err != nil {
		return err
	}
	s := call.Session
	if err := s.Require(ctx, c.Directory, capability.Reader); err != nil {
		return err
	}
	first, err := newRequest(asked)
	if err != nil {
		return err
	}
	maxBody := c.MaxBody
	switch {
	case asked.MaxBody < 0 || asked.TimeoutMS < 0:
		return invalid("timeout_ms and max_body are not below 0")
	case asked.MaxBody > 0:
		maxBody = min(maxBody, asked.MaxBody)
	}
	waiting, cancel := withTimeout(ctx, asked.TimeoutMS)
	defer cancel()
	fetched, err := c.follow(waiting, s, first, maxBody)
	if err != nil {
		return c.explain(ctx, waiting, first, err)
	}
	return call.ReplyValue(enc, fetched)
}

// withTimeout bounds a request by its own timeout, where it has one.
func withTimeout(ctx context.Context, ms int64) (context.Context, context.CancelFunc) {
	const longest = int64(24 * time.Hour / time.Millisecond)
	if ms == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Duration(min(ms, longest))*time.Millisecond)
}

// explain turns what went wrong into what a script may learn.
func (c *client) explain(ctx, waiting context.Context, r *request, err error) error {
	var e *abi.Error
	switch {
	case errors.As(err, &e):
		return e
	case ctx.Err() != nil:
		return &abi.Error{Code: abi.Cancelled, Message: "the job's time is up"}
	case waiting.Err() != nil:
		return &abi.Error{Code: abi.Timeout, Message: "the request to " + r.target.Host() + " took longer than its timeout_ms"}
	}
	return err
}

func invalid(message string) error {
	return &abi.Error{Code: abi.InvalidArgument, Message: message}
}
