package sandbox_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
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

// bundle is a runtime that offers the capability test_v1 too.
type bundle struct {
	*sandbox.Runtime

	// flag makes test_v1.flag answer with a byte, in place of nothing.
	flag atomic.Bool

	// waiting is told of each call of test_v1.wait.
	waiting chan struct{}
}

func setup(t testing.TB, opts sandbox.Options) *bundle {
	t.Helper()
	b := &bundle{waiting: make(chan struct{}, 100)}
	opts.Capabilities = append(opts.Capabilities, capability.Capability{
		Name:       "test_v1",
		DuringInit: true,
		Functions: []capability.Function{
			{Name: "echo", Call: func(_ context.Context, c *capability.Call) error {
				c.Reply(c.Request)
				return nil
			}},
			{Name: "boom", Call: func(context.Context, *capability.Call) error {
				return errors.New("a secret of the host")
			}},
			{Name: "full", Call: func(context.Context, *capability.Call) error {
				return &abi.Error{Code: abi.Limit, Message: "no more of that"}
			}},
			{Name: "flag", Call: func(_ context.Context, c *capability.Call) error {
				if b.flag.Load() {
					c.Reply([]byte{1})
				}
				return nil
			}},
			{Name: "wait", Call: func(ctx context.Context, c *capability.Call) error {
				b.waiting <- struct{}{}
				<-ctx.Done()
				// The runtime, which waits for the same, gets its turn to
				// close the instance under the call.
				for range 10 {
					runtime.Gosched()
				}
				c.Reply([]byte("too late"))
				return nil
			}},
		},
	})
	opts.VerifyReset = !isBenchmark(t)
	var err error
	b.Runtime, err = sandbox.New(context.Background(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close(context.Background())) })
	return b
}

func isBenchmark(t testing.TB) bool {
	_, yes := t.(*testing.B)
	return yes
}

// load makes testdata/<name>.wat ready.
func (b *bundle) load(t testing.TB, name string, limits job.Limits) *sandbox.Module {
	t.Helper()
	m, err := b.Load(context.Background(), wattest.CompileFile(t, "testdata/"+name+".wat"), &abi.Manifest{Name: "guest"}, limits)
	require.NoError(t, err)
	return m
}

// loadFresh makes one ready whose jobs get a new instance each.
func (b *bundle) loadFresh(t testing.TB, name string, limits job.Limits) *sandbox.Module {
	t.Helper()
	m, err := b.Load(context.Background(), wattest.CompileFile(t, "testdata/"+name+".wat"), &abi.Manifest{Name: "guest", Fresh: abi.FreshInstance}, limits)
	require.NoError(t, err)
	return m
}

// newJob returns a job with a timeout that no guest here reaches by chance.
func newJob(payload []byte) *job.Job {
	return &job.Job{
		ID: "j1", Circle: "acme", Caller: "alice", Type: "guest", Dialect: "local",
		Payload: payload, Timeout: time.Minute, Attempt: 2,
	}
}

// run carries out one job of testdata/<name>.wat.
func run(t *testing.T, name string, limits job.Limits, payload []byte) *job.Result {
	t.Helper()
	return setup(t, sandbox.Options{}).load(t, name, limits).Run(context.Background(), newJob(payload))
}
