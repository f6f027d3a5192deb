package redis

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability/captest"
)

// Whatever a guest sends is answered, or refused in words for its author.
func FuzzRequest(f *testing.F) {
	for i, sample := range samples {
		b, err := abi.Encode(abi.Encoding(i%2), list(sample))
		require.NoError(f, err)
		f.Add(b, false)
	}
	f.Add([]byte(`[["GET","k"],["SCAN",0],[]]`), true)
	f.Add([]byte(strings.Repeat("\x81", 100_000)), false)
	f.Add([]byte(strings.Repeat("[", 100_000)), true)
	f.Add([]byte("\x82\x63GET\x61\xff"), false)
	f.Add([]byte("\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), true)
	b := setup(f, Options{Quota: 1 << 20})
	f.Fuzz(func(t *testing.T, request []byte, pipeline bool) {
		function := "do"
		if pipeline {
			function = "pipeline"
		}
		reply, err := captest.Call(t, b.cap, function, b.owner().session, request)
		var e *abi.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%q: %v", request, err)
		}
		if err == nil && len(reply) == 0 {
			t.Fatalf("%q: an empty reply", request)
		}
	})
}
