package job

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/abi"
)

// What is written by hand is what the encoder would have written.
func TestMetaIsTheEncoders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Int64()
		m := abi.Meta{
			ID: rapid.String().Draw(t, "id"), Circle: rapid.String().Draw(t, "circle"), Caller: rapid.String().Draw(t, "caller"),
			Type: rapid.String().Draw(t, "type"), Dialect: rapid.String().Draw(t, "dialect"),
			Attempt: number.Draw(t, "attempt"), DeadlineMS: number.Draw(t, "deadline"),
			Env: rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "env"),
			Limits: abi.MetaLimits{
				Memory: number.Draw(t, "memory"), Input: number.Draw(t, "input"), Output: number.Draw(t, "output"), Log: number.Draw(t, "log"),
				Fuel: number.Draw(t, "fuel"), Depth: number.Draw(t, "depth"), HostCalls: number.Draw(t, "calls"), WallMS: number.Draw(t, "wall"),
			},
		}
		want, err := abi.Encode(abi.CBOR, m)
		require.NoError(t, err)
		require.Equal(t, want, appendMeta(nil, &m))
	})
}
