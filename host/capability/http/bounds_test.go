package http_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability/captest"
	caphttp "github.com/henge-run/henge/host/capability/http"
)

func TestLimitsOfReplies(t *testing.T) {
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/long":
			w.Write(make([]byte, 2000))
		case "/unannounced":
			for range 2000 {
				w.Write(make([]byte, 1))
				w.(http.Flusher).Flush()
			}
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(make([]byte, 10<<20))
			z.Close()
		case "/headers":
			for i := range 200 {
				w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 1000))
			}
		case "/endless":
			for r.Context().Err() == nil {
				w.Write(make([]byte, 1))
				w.(http.Flusher).Flush()
			}
		case "/silent":
			<-r.Context().Done()
		}
	})
	c := caphttp.New(caphttp.Options{Policy: rules{loopback(t, url)}, MaxBody: 1 << 40})
	for _, path := range []string{"/long", "/unannounced", "/bomb"} {
		_, err := fetch(t, t.Context(), c, session(), abi.Fetch{URL: url + path, MaxBody: 1999})
		captest.RequireCode(t, abi.TooLarge, err)
	}
	f, err := fetch(t, t.Context(), c, session(), abi.Fetch{URL: url + "/long", MaxBody: 2000})
	require.NoError(t, err)
	require.Len(t, f.Body.V, 2000)
	_, err = fetch(t, t.Context(), c, session(), abi.Fetch{URL: url + "/headers"})
	captest.RequireCode(t, abi.TooLarge, err)
	for _, path := range []string{"/endless", "/silent"} {
		_, err = fetch(t, t.Context(), c, session(), abi.Fetch{URL: url + path, TimeoutMS: 50})
		captest.RequireCode(t, abi.Timeout, err)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		began := time.Now()
		_, err = fetch(t, ctx, c, session(), abi.Fetch{URL: url + path, TimeoutMS: 1 << 62})
		captest.RequireCode(t, abi.Cancelled, err)
		require.Less(t, time.Since(began), 5*time.Second)
		cancel()
	}
	small := caphttp.New(caphttp.Options{Policy: rules{loopback(t, url)}, MaxBody: 100})
	_, err = fetch(t, t.Context(), small, session(), abi.Fetch{URL: url + "/long", MaxBody: 1 << 40})
	captest.RequireCode(t, abi.TooLarge, err)
}

// A circle's requests wait for each other, and not for another circle's.
func TestTurns(t *testing.T) {
	arrived, leave := make(chan struct{}, 8), make(chan struct{})
	url, _ := serve(t, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-leave
	})
	c := caphttp.New(caphttp.Options{Policy: rules{loopback(t, url)}, PerCircle: 1})
	first := make(chan error, 1)
	go func() {
		_, err := fetch(t, context.Background(), c, session(), abi.Fetch{URL: url})
		first <- err
	}()
	<-arrived
	_, err := fetch(t, t.Context(), c, session(), abi.Fetch{URL: url, TimeoutMS: 50})
	captest.RequireCode(t, abi.Timeout, err)
	require.Empty(t, arrived)
	other := session()
	other.Job.Circle, other.Job.Caller = "other", "other"
	second := make(chan error, 1)
	go func() {
		_, err := fetch(t, context.Background(), c, other, abi.Fetch{URL: url})
		second <- err
	}()
	<-arrived
	close(leave)
	require.NoError(t, <-first)
	require.NoError(t, <-second)
	_, err = fetch(t, t.Context(), c, session(), abi.Fetch{URL: url})
	require.NoError(t, err)
}
