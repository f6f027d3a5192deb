package http_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	caphttp "github.com/henge-run/henge/host/capability/http"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

// A job that reads a body without end, or waits for a server that says nothing,
// ends at its deadline, and its connection is given back.
func TestJobsEndAtTheirDeadline(t *testing.T) {
	defer func() { require.NoError(t, wattest.Close()) }()
	gone := make(chan struct{}, 2)
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.URL.Path == "/endless" && r.Context().Err() == nil {
			w.Write(make([]byte, 1))
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
		gone <- struct{}{}
	})
	rt, err := sandbox.New(t.Context(), sandbox.Options{Capabilities: []capability.Capability{
		caphttp.New(caphttp.Options{Policy: rules{loopback(t, url)}}),
	}})
	require.NoError(t, err)
	defer func() { require.NoError(t, rt.Close(context.Background())) }()
	m, err := rt.Load(t.Context(), wattest.CompileFile(t, "../../../cmd/henge/testdata/guest/fetch.wat"), &abi.Manifest{Name: "fetch"}, job.Limits{})
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close(context.Background())) }()
	const timeout = 300 * time.Millisecond
	for _, path := range []string{"/endless", "/silent"} {
		request, err := json.Marshal(abi.Fetch{URL: url + path})
		require.NoError(t, err)
		began := time.Now()
		r := m.Run(t.Context(), &job.Job{ID: "j", Circle: "acme", Caller: "acme", Type: "fetch", Payload: request, Timeout: timeout})
		took := time.Since(began)
		require.Equal(t, job.Deadline, r.End, r.Error)
		require.Less(t, took, timeout+5*time.Second, "machines are noisy")
		t.Logf("%s ended %s after its deadline", path, took-timeout)
		<-gone
	}
}
