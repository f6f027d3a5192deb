package http_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/captest"
	caphttp "github.com/henge-run/henge/host/capability/http"
	"github.com/henge-run/henge/host/job"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rules are a policy that is the same for everybody.
type rules []caphttp.Rule

func (r rules) HTTP(string, string) []caphttp.Rule { return r }

// loopback is a rule for hosts on this machine, which no operator would write.
func loopback(t *testing.T, hosts ...string) caphttp.Rule {
	t.Helper()
	rule := caphttp.Rule{Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	for _, h := range hosts {
		host, err := caphttp.ParseHost(h)
		require.NoError(t, err)
		rule.Hosts = append(rule.Hosts, host)
	}
	return rule
}

// serve starts a server for one test, and counts its requests.
func serve(t *testing.T, handle http.HandlerFunc) (url string, requests *atomic.Int32) {
	t.Helper()
	requests = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handle(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

func session() *capability.Session {
	s := captest.NewSession()
	s.Module, s.Job.Caller = "rhai", s.Job.Circle
	return s
}

// fetch sends a request as a guest would, and returns the reply.
func fetch(t *testing.T, ctx context.Context, c capability.Capability, s *capability.Session, request abi.Fetch) (abi.Fetched, error) {
	t.Helper()
	b, err := json.Marshal(request)
	require.NoError(t, err)
	call := capability.Call{Session: s, Request: b}
	if err := captest.Function(t, c, "fetch")(ctx, &call); err != nil {
		return abi.Fetched{}, err
	}
	var f abi.Fetched
	_, err = abi.Decode(call.TakeReply(), &f)
	require.NoError(t, err)
	return f, nil
}

func TestFetch(t *testing.T) {
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Add("X-Two", "a")
		w.Header().Add("X-Two", "b")
		w.Header().Set("Set-Cookie", "s=1")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s %s %s %q", r.Method, r.URL, r.Header.Get("X-Mine"), body, r.Header.Get("Cookie"))
	})
	c := caphttp.New(caphttp.Options{Policy: rules{loopback(t, url)}})
	f, err := fetch(t, t.Context(), c, session(), abi.Fetch{
		URL: url + "/p?q", Method: "post", Headers: map[string]string{"x-mine": "m"}, Body: abi.Value{V: "hello"},
	})
	require.NoError(t, err)
	require.Equal(t, http.StatusTeapot, f.Status, "no error of the capability")
	require.Equal(t, `POST /p?q m hello ""`, f.Body.V)
	require.Equal(t, "a, b", f.Headers["x-two"])
	f, err = fetch(t, t.Context(), c, session(), abi.Fetch{URL: url})
	require.NoError(t, err)
	require.Equal(t, `GET /   ""`, f.Body.V, "no cookie is kept")
}

func TestWhoMay(t *testing.T) {
	url, requests := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := caphttp.New(caphttp.Options{Policy: rules{loopback(t, url)}, Directory: readers{}})
	s := session()
	for _, caller := range []string{"", "mallory", "ACME", "acme\x00", "../acme"} {
		s.Job.Caller = caller
		_, err := fetch(t, t.Context(), c, s, abi.Fetch{URL: url})
		require.ErrorContains(t, err, "Insufficient authorization", caller)
	}
	require.Zero(t, requests.Load())
	s.Job.Caller = "alice"
	_, err := fetch(t, t.Context(), c, s, abi.Fetch{URL: url})
	require.NoError(t, err)

	s.Job.Confirm = func(context.Context) error { return job.ErrLeaseLost }
	_, err = fetch(t, t.Context(), c, s, abi.Fetch{URL: url})
	require.ErrorIs(t, err, job.ErrLeaseLost)
	require.EqualValues(t, 1, requests.Load(), "a job that is another worker's sends nothing")
}

// readers is a directory in which alice reads.
type readers struct{}

func (readers) Role(_ context.Context, _, caller string) (capability.Role, error) {
	if caller == "alice" {
		return capability.Reader, nil
	}
	return capability.Stranger, nil
}

func (readers) Published(context.Context, string, capability.Kind) ([]string, error) { return nil, nil }

func TestOnlyWhatIsAllowed(t *testing.T) {
	url, requests := serve(t, func(http.ResponseWriter, *http.Request) {})
	rule := loopback(t, url)
	rule.Methods = []string{"GET"}
	c := caphttp.New(caphttp.Options{Policy: rules{rule}})
	for name, r := range map[string]abi.Fetch{
		"another port":   {URL: "http://127.0.0.1:1/"},
		"another scheme": {URL: strings.Replace(url, "http:", "https:", 1)},
		"another host":   {URL: "http://example.com/"},
		"another method": {URL: url, Method: "POST"},
		"another name":   {URL: strings.Replace(url, "127.0.0.1", "localhost", 1)},
		"a mapped one":   {URL: strings.Replace(url, "127.0.0.1", "[::ffff:127.0.0.1]", 1)},
	} {
		_, err := fetch(t, t.Context(), c, session(), r)
		captest.RequireCode(t, abi.AccessDenied, err)
		require.ErrorContains(t, err, "to grant it, write", name)
	}
	// The name alone does not open a private address.
	rule.Private = nil
	c = caphttp.New(caphttp.Options{Policy: rules{rule}})
	_, err := fetch(t, t.Context(), c, session(), abi.Fetch{URL: url})
	require.ErrorContains(t, err, "is at 127.0.0.1, which is no public address")
	require.Zero(t, requests.Load())
}

func TestRequestsAreChecked(t *testing.T) {
	url, requests := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := caphttp.New(caphttp.Options{Policy: rules{loopback(t, url)}})
	for name, r := range map[string]abi.Fetch{
		"host":               {Headers: map[string]string{"Host": "evil"}},
		"length":             {Headers: map[string]string{"content-LENGTH": "3"}},
		"hop by hop":         {Headers: map[string]string{"Connection": "x-mine"}},
		"transfer":           {Headers: map[string]string{"Transfer-Encoding": "chunked"}},
		"proxy":              {Headers: map[string]string{"Proxy-Authorization": "x"}},
		"a line end":         {Headers: map[string]string{"X": "a\r\nHost: evil"}},
		"a line end in name": {Headers: map[string]string{"X\r\nHost": "evil"}},
		"a NUL":              {Headers: map[string]string{"X": "a\x00"}},
		"an empty name":      {Headers: map[string]string{"": "a"}},
		"twice":              {Headers: map[string]string{"x-a": "1", "X-A": "2"}},
		"CONNECT":            {Method: "CONNECT"},
		"a method":           {Method: "GET / HTTP/1.1\r\nHost: evil\r\n\r\nGET"},
		"a body of GET":      {Body: abi.Value{V: "x"}},
		"no body":            {Method: "POST", Body: abi.Value{V: int64(3)}},
		"timeout below 0":    {TimeoutMS: -1},
		"max_body below 0":   {MaxBody: -1},
	} {
		r.URL = url
		_, err := fetch(t, t.Context(), c, session(), r)
		var e *abi.Error
		require.ErrorAs(t, err, &e, name)
		require.Equal(t, abi.InvalidArgument, e.Code, name)
	}
	_, err := fetch(t, t.Context(), c, session(), abi.Fetch{URL: url, Headers: map[string]string{"X": strings.Repeat("x", 40_000)}})
	captest.RequireCode(t, abi.TooLarge, err)
	require.Zero(t, requests.Load())
}

// answers is a resolver that gives one answer after the other.
type answers struct {
	each  [][]netip.Addr
	asked atomic.Int32
}

func (a *answers) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n := int(a.asked.Add(1)) - 1
	if !strings.HasSuffix(host, ".test.") || n >= len(a.each) {
		return nil, errors.New("asked for " + host)
	}
	return a.each[n], nil
}

func TestNamesAreResolvedOnce(t *testing.T) {
	url, requests := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host) })
	port := url[strings.LastIndexByte(url, ':'):]
	local, public := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.88.98.1")
	host := "http://a.test" + port
	rule := loopback(t, host)

	// What the name says the second time does not matter.
	names := &answers{each: [][]netip.Addr{{local}, {netip.MustParseAddr("127.0.0.2")}}}
	c := caphttp.New(caphttp.Options{Policy: rules{rule}, Resolver: names})
	f, err := fetch(t, t.Context(), c, session(), abi.Fetch{URL: host})
	require.NoError(t, err)
	require.Equal(t, "a.test"+port, f.Body.V)
	require.EqualValues(t, 1, names.asked.Load())

	rule.Private = nil
	for name, answer := range map[string][]netip.Addr{
		"private":          {local},
		"among others":     {public, local},
		"mapped":           {netip.MustParseAddr("::ffff:127.0.0.1")},
		"translated":       {netip.MustParseAddr("64:ff9b::7f00:1")},
		"6to4":             {netip.MustParseAddr("2002:7f00:1::")},
		"the cloud's keys": {netip.MustParseAddr("169.254.169.254")},
		"with a zone":      {netip.MustParseAddr("fe80::1%lo")},
	} {
		c := caphttp.New(caphttp.Options{Policy: rules{rule}, Resolver: &answers{each: [][]netip.Addr{answer}}})
		_, err := fetch(t, t.Context(), c, session(), abi.Fetch{URL: host})
		require.ErrorContains(t, err, "no public address", name)
	}
	require.EqualValues(t, 1, requests.Load())

	c = caphttp.New(caphttp.Options{Policy: rules{rule}, Resolver: &answers{}})
	_, err = fetch(t, t.Context(), c, session(), abi.Fetch{URL: host})
	captest.RequireCode(t, abi.Unavailable, err)
}

func TestNoProxy(t *testing.T) {
	proxy, proxied := serve(t, func(http.ResponseWriter, *http.Request) {})
	url, requests := serve(t, func(http.ResponseWriter, *http.Request) {})
	t.Setenv("HTTP_PROXY", proxy)
	t.Setenv("ALL_PROXY", proxy)
	c := caphttp.New(caphttp.Options{
		Policy:   rules{loopback(t, strings.Replace(url, "127.0.0.1", "a.test", 1))},
		Resolver: &answers{each: [][]netip.Addr{{netip.MustParseAddr("127.0.0.1")}}},
	})
	_, err := fetch(t, t.Context(), c, session(), abi.Fetch{URL: strings.Replace(url, "127.0.0.1", "a.test", 1)})
	require.NoError(t, err)
	require.EqualValues(t, 1, requests.Load())
	require.Zero(t, proxied.Load())
}
