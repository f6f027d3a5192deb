package hosttest_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if wattest.Close() != nil && code == 0 {
			code = 1
		}
		os.Exit(code)
	}))
}

// table is the order of functions in asks.wat.
var table = strings.Fields("job.meta log.write clock.now clock.random redis.do kv.get kv.set http.fetch test_v1.echo test_v1.conflict")

// ask is one call of asks.wat, and answer what came of it.
type (
	ask    struct{ function, request string }
	answer struct {
		code abi.Code // 0 for a reply
		text string
	}
)

// fakeT takes what a Host would tell a test.
type fakeT struct {
	testing.TB
	said []string
}

func (f *fakeT) Errorf(format string, args ...any) {
	f.said = append(f.said, fmt.Sprintf(format, args...))
}

// bundle is a host with the module asks.
type bundle struct {
	*hosttest.Host
	asks *sandbox.Module
}

// setup returns a host in which test_v1.echo answers with its request, and
// test_v1.conflict begins the attempt anew, twice.
func setup(t *testing.T, opts hosttest.Options) *bundle {
	t.Helper()
	opts.Capabilities = append(opts.Capabilities, capability.Capability{Name: "test_v1", Functions: []capability.Function{
		{Name: "echo", Call: func(_ context.Context, c *capability.Call) error {
			c.Reply(c.Request)
			return nil
		}},
		{Name: "conflict", Call: func(_ context.Context, c *capability.Call) error {
			if c.Session.Restarts < 2 {
				return c.Session.Conflict("somebody else was first")
			}
			return nil
		}},
	}})
	h, err := hosttest.Open(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close(context.Background())) })
	m, err := h.Load(t.Context(), wattest.CompileFile(t, "testdata/asks.wat"), nil, job.Limits{})
	require.NoError(t, err)
	require.NoError(t, h.SetMember(t.Context(), hosttest.Circle, "alice", capability.Writer))
	return &bundle{h, m}
}

// make has the guest make calls, in one job.
func (b *bundle) make(t *testing.T, asks ...ask) []answer {
	t.Helper()
	r := b.Run(t.Context(), b.asks, &job.Job{Caller: "alice", Payload: payload(t, asks...)})
	require.Equal(t, job.Success, r.End, r.Error)
	var got []answer
	for out := r.Output; len(out) > 0; {
		code, n := int64(binary.LittleEndian.Uint64(out)), binary.LittleEndian.Uint64(out[8:])
		a := answer{text: string(out[16 : 16+n])}
		if code < 0 {
			a.code = abi.Code(code)
		}
		got, out = append(got, a), out[16+n:]
	}
	require.Len(t, got, len(asks))
	return got
}

func payload(t *testing.T, asks ...ask) []byte {
	t.Helper()
	var b []byte
	for _, a := range asks {
		place := slices.Index(table, a.function)
		require.GreaterOrEqual(t, place, 0, a.function)
		b = binary.LittleEndian.AppendUint32(b, uint32(place))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(a.request)))
		b = append(b, a.request...)
	}
	return b
}
