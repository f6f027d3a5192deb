package http

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/henge-run/henge/abi"
)

// maxHeaders bounds the headers of a reply, in bytes.
const maxHeaders = 64 << 10

// connectTimeout bounds one try to connect: a host may have several addresses.
const connectTimeout = 10 * time.Second

// newTransport returns a transport that keeps no connections, since they would
// be shared by circles and outlive what the policy said, and that uses no proxy,
// whatever the worker's environment says.
func newTransport(opts Options) *http.Transport {
	d := dialer{resolver: opts.Resolver, dial: (&net.Dialer{Timeout: connectTimeout}).DialContext}
	if d.resolver == nil {
		d.resolver = net.DefaultResolver
	}
	return &http.Transport{
		DialContext:            d.dialContext,
		TLSClientConfig:        opts.TLS.Clone(),
		TLSHandshakeTimeout:    connectTimeout,
		ForceAttemptHTTP2:      true,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: maxHeaders,
	}
}

// ruleKey is the key under which a request's context has the rule that allows
// it.
type ruleKey struct{}

// dialer connects to addresses that it has looked at, never to a name: a name
// that is resolved once more may lead elsewhere.
type dialer struct {
	resolver Resolver
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
}

func (d dialer) dialContext(ctx context.Context, _, hostPort string) (net.Conn, error) {
	rule, ok := ctx.Value(ruleKey{}).(Rule)
	if !ok {
		return nil, errors.New("a connection that no rule allows")
	}
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	addresses, err := d.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	// One that may not be reached spoils the others: an honest name has none.
	for _, a := range addresses {
		if !permitted(a, rule.Private) {
			return nil, &abi.Error{Code: abi.AccessDenied, Message: fmt.Sprintf(
				"the host %s is at %s, which is no public address; where that is meant, the operator adds private = [%q] to its [[http]] rule", host, a, netip.PrefixFrom(a, a.BitLen()))}
		}
	}
	for _, a := range addresses {
		var conn net.Conn
		if conn, err = d.dial(ctx, "tcp", net.JoinHostPort(a.String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, unavailable("no server answers at "+host+" on port "+port, err)
}

// addresses returns where a host is, without names for the same.
func (d dialer) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	// A point at the end keeps the system's search list out of it.
	found, err := d.resolver.LookupNetIP(ctx, "ip", host+".")
	if err != nil || len(found) == 0 {
		return nil, unavailable("the host "+host+" is not found", err)
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	return found, nil
}

// unavailable is the error of a server that cannot be reached. Why is mostly the
// operator's business: it may name resolvers and proxies of his network.
func unavailable(what string, err error) error {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		what += ": there is no such name"
	}
	return &abi.Error{Code: abi.Unavailable, Message: what}
}
