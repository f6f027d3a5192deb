package http

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/henge-run/henge/abi"
)

// request is a request that was checked, but for the policy.
type request struct {
	method string
	target target
	header http.Header
	body   []byte
}

// maxRequestHeaders bounds the headers of a request, in bytes.
const maxRequestHeaders = 32 << 10

func newRequest(asked abi.Fetch) (*request, error) {
	r := &request{method: asked.Method, header: http.Header{}}
	if r.method == "" {
		r.method = http.MethodGet
	}
	var err error
	if r.method, err = ParseMethod(strings.ToUpper(r.method)); err != nil {
		return nil, invalid(err.Error())
	}
	if r.target, err = parseTarget(asked.URL); err != nil {
		return nil, invalid(err.Error())
	}
	if asked.Body.V != nil {
		var ok bool
		if r.body, ok = asked.Body.Bytes(); !ok {
			return nil, invalid("the body is a text or bytes")
		}
		if len(r.body) > 0 && (r.method == http.MethodGet || r.method == http.MethodHead) {
			return nil, invalid("a request with the method " + r.method + " has no body")
		}
	}
	size := 0
	for name, value := range asked.Headers {
		if err := checkHeader(name, value); err != nil {
			return nil, invalid(err.Error())
		}
		size += len(name) + len(value)
		key := http.CanonicalHeaderKey(name)
		if r.header[key] != nil {
			return nil, invalid(fmt.Sprintf("the header %s is there twice", key))
		}
		r.header[key] = []string{value}
	}
	if size > maxRequestHeaders {
		return nil, &abi.Error{Code: abi.TooLarge, Message: fmt.Sprintf("the headers have %d bytes; at most %d are sent", size, maxRequestHeaders)}
	}
	if r.header["User-Agent"] == nil {
		r.header["User-Agent"] = []string{"henge"}
	}
	return r, nil
}

// own are the headers that the host writes itself: they say where a request goes
// and where it ends.
func own() []string {
	return []string{
		"connection", "content-length", "expect", "host", "http2-settings", "keep-alive",
		"te", "trailer", "transfer-encoding", "upgrade",
	}
}

func checkHeader(name, value string) error {
	lower := strings.ToLower(name)
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return fmt.Errorf("%+.80q is no name of a header", name)
	case slices.Contains(own(), lower) || strings.HasPrefix(lower, "proxy-"):
		return fmt.Errorf("the header %s is not a script's to set", name)
	case !httpguts.ValidHeaderFieldValue(value):
		return fmt.Errorf("the value of the header %s has a line end or another control character", name)
	}
	return nil
}

// send returns the request as it goes out under a rule.
func (r *request) send(ctx context.Context, rule Rule) *http.Request {
	out := (&http.Request{
		Method: r.method, URL: r.target.url, Host: r.target.url.Host, Header: r.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(context.WithValue(ctx, ruleKey{}, rule))
	if len(r.body) > 0 {
		out.Body = io.NopCloser(bytes.NewReader(r.body))
		out.ContentLength = int64(len(r.body))
	}
	return out
}
