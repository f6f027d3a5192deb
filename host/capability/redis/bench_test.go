package redis

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/captest"
)

// What a command costs without a sandbox around it: from Go alone, and as a
// host function.
func BenchmarkGet(b *testing.B) {
	s := setup(b, Options{}).owner()
	s.do("SET", "k", "some bytes of value")
	b.Run("direct", func(b *testing.B) {
		for b.Loop() {
			if err := s.rdb.Do(b.Context(), "GET", "henge:data:{acme}:k").Err(); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, command := range [][]any{{"GET", "k"}, {"SET", "k", "some bytes of value"}} {
		b.Run(command[0].(string), func(b *testing.B) {
			request, err := abi.Encode(abi.CBOR, list(command))
			require.NoError(b, err)
			do := captest.Function(b, s.cap, "do")
			call := capability.Call{Session: s.session, Request: request}
			for b.Loop() {
				if err := do(b.Context(), &call); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
