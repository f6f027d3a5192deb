package http_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability/captest"
	caphttp "github.com/henge-run/henge/host/capability/http"
)

func TestRedirects(t *testing.T) {
	echo := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s auth=%s key=%s accept=%s body=%s", r.Method, r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("X-Key"), r.Header.Get("Accept"), body)
	}
	allowed, _ := serve(t, echo)
	secret, reached := serve(t, echo)
	here, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		to := r.URL.Query().Get("to")
		if to == "" {
			echo(w, r)
			return
		}
		var status int
		fmt.Sscan(r.URL.Query().Get("as"), &status)
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	})
	c := caphttp.New(caphttp.Options{Policy: rules{loopback(t, here, allowed)}})
	headers := map[string]string{"Authorization": "secret", "X-Key": "secret", "Accept": "a/b"}
	follow := func(method, to string, status int) (string, error) {
		r := abi.Fetch{URL: fmt.Sprintf("%s/?as=%d&to=%s", here, status, to), Method: method, Headers: headers}
		if method == "POST" {
			r.Body = abi.Value{V: "data"}
		}
		f, err := fetch(t, t.Context(), c, session(), r)
		return fmt.Sprint(f.Body.V), err
	}

	for name, to := range map[string]struct {
		method, to string
		status     int
		want       string
	}{
		"to the same server":  {"GET", "/x", 302, "GET /x auth=secret key=secret accept=a/b body="},
		"to another":          {"GET", allowed + "/x", 302, "GET /x auth= key= accept=a/b body="},
		"a POST becomes GET":  {"POST", allowed + "/x", 303, "GET /x auth= key= accept=a/b body="},
		"a POST stays itself": {"POST", "/x", 307, "POST /x auth=secret key=secret accept=a/b body=data"},
	} {
		got, err := follow(to.method, to.to, to.status)
		require.NoError(t, err, name)
		require.Equal(t, to.want, got, name)
	}
	for name, to := range map[string]string{
		"to who is not allowed":  secret,
		"without a scheme":       strings.TrimPrefix(secret, "http:"),
		"with a user":            strings.Replace(here, "//", "//me@", 1),
		"to a file":              "file:///etc/passwd",
		"to gopher":              strings.Replace(secret, "http", "gopher", 1),
		"in decimal":             strings.Replace(here, "127.0.0.1", "2130706433", 1),
		"to the machine's name":  strings.Replace(secret, "127.0.0.1", "localhost", 1),
		"to the cloud's keys":    "http://169.254.169.254/latest/meta-data/",
		"to what cannot be read": "http://[::1",
	} {
		_, err := follow("GET", to, 302)
		captest.RequireCode(t, abi.AccessDenied, err)
		require.Zero(t, reached.Load(), name)
	}
	_, err := follow("POST", allowed, 308)
	require.ErrorContains(t, err, "has a body, and it leads to another server")

	loop, loops := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/")
		w.WriteHeader(http.StatusFound)
	})
	c = caphttp.New(caphttp.Options{Policy: rules{loopback(t, loop)}})
	_, err = fetch(t, t.Context(), c, session(), abi.Fetch{URL: loop})
	captest.RequireCode(t, abi.Limit, err)
	require.EqualValues(t, 6, loops.Load())
}

func TestTLS(t *testing.T) {
	plain, reached := serve(t, func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			http.Redirect(w, r, plain, http.StatusFound)
		}
		fmt.Fprint(w, r.Proto)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	policy := rules{loopback(t, server.URL, plain)}

	_, err := fetch(t, t.Context(), caphttp.New(caphttp.Options{Policy: policy}), session(), abi.Fetch{URL: server.URL})
	captest.RequireCode(t, abi.Unavailable, err)
	require.ErrorContains(t, err, "certificate")

	known := x509.NewCertPool()
	known.AddCert(server.Certificate())
	c := caphttp.New(caphttp.Options{Policy: policy, TLS: &tls.Config{RootCAs: known}})
	f, err := fetch(t, t.Context(), c, session(), abi.Fetch{URL: server.URL})
	require.NoError(t, err)
	require.Equal(t, "HTTP/2.0", f.Body.V)
	_, err = fetch(t, t.Context(), c, session(), abi.Fetch{URL: server.URL + "/down"})
	require.ErrorContains(t, err, "it leads from https to http")
	require.Zero(t, reached.Load())
}
