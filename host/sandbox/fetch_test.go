package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	caphttp "github.com/henge-run/henge/host/capability/http"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// reach lets every module reach one host on this machine.
type reach struct{ host caphttp.Host }

func (r reach) HTTP(string, string) []caphttp.Rule {
	return []caphttp.Rule{{Hosts: []caphttp.Host{r.host}, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
}

// A job that reads a body without end, or waits for a server that says nothing,
// ends at its deadline, and its connection is given back.
func TestFetchEndsAtTheDeadline(t *testing.T) {
	gone := make(chan struct{}, 2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.URL.Path == "/endless" && r.Context().Err() == nil {
			_, _ = w.Write(make([]byte, 1))
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
		gone <- struct{}{}
	}))
	defer server.Close()
	host, err := caphttp.ParseHost(server.URL)
	require.NoError(t, err)
	b := setup(t, sandbox.Options{Capabilities: []capability.Capability{caphttp.New(caphttp.Options{Policy: reach{host}})}})
	m := b.load(t, "../../../cmd/henge/testdata/guest/fetch", job.Limits{})
	for _, path := range []string{"/endless", "/silent"} {
		request, err := json.Marshal(abi.Fetch{URL: server.URL + path})
		require.NoError(t, err)
		j := newJob(request)
		j.Caller, j.Timeout = j.Circle, 300*time.Millisecond
		began := time.Now()
		r := m.Run(t.Context(), j)
		took := time.Since(began)
		require.Equal(t, job.Deadline, r.End, r.Error)
		require.Less(t, took, j.Timeout+5*time.Second, "machines are noisy")
		t.Logf("%s ended %s after its deadline", path, took-j.Timeout)
		<-gone
	}
}
