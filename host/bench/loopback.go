package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	caphttp "github.com/henge-run/henge/host/capability/http"
)

// loopback is a server of this process that says a few bytes, a client of it, and
// the policy that lets scripts reach it.
type loopback struct {
	url    string
	rules  []caphttp.Rule
	server *http.Server
	client *http.Client
	ended  chan error
}

var _ caphttp.Policy = (*loopback)(nil)

func newLoopback() (*loopback, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serve what is fetched: %w", err)
	}
	url := "http://" + listener.Addr().String()
	host, err := caphttp.ParseHost(url)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s := &loopback{
		url:   url + "/",
		rules: []caphttp.Rule{{Hosts: []caphttp.Host{host}, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}},
		server: &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "some bytes of value")
		})},
		client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		ended:  make(chan error, 1),
	}
	go func() { s.ended <- s.server.Serve(listener) }()
	return s, nil
}

// HTTP implements the capability's Policy.
func (s *loopback) HTTP(string, string) []caphttp.Rule { return s.rules }

// fetch asks the server so many times, over a new connection each time, as the
// capability does.
func (s *loopback) fetch(ctx context.Context, times int64) error {
	for range times {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
		if err != nil {
			return err
		}
		reply, err := s.client.Do(request)
		if err != nil {
			return err
		}
		_, err = io.ReadAll(reply.Body)
		if err := errors.Join(err, reply.Body.Close()); err != nil {
			return err
		}
	}
	return nil
}

// close closes all connections too.
func (s *loopback) close() error {
	err := s.server.Close()
	if ended := <-s.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
