package redis

import (
	"context"
	"testing"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/captest"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// bundle is the capability over a Redis of its own.
type bundle struct {
	t    testing.TB
	cap  capability.Capability
	rdb  goredis.UniversalClient // as scripts' calls go, for a look from outside
	opts Options
}

func setup(t testing.TB, opts Options) *bundle {
	return over(t, redistest.Server(t, localredis.Options{}), opts)
}

func over(t testing.TB, server *localredis.Server, opts Options) *bundle {
	rdb, err := Pool(redistest.Client(t, server), 4)
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	opts.Client = func(context.Context) (goredis.UniversalClient, error) { return rdb, nil }
	return &bundle{t: t, cap: New(opts), rdb: rdb, opts: opts}
}

// each runs test against a redis-server and the one in the process.
func each(t *testing.T, opts Options, test func(t *testing.T, b *bundle)) {
	t.Run("real", func(t *testing.T) { test(t, setup(t, opts)) })
	t.Run("inprocess", func(t *testing.T) {
		server, err := localredis.StartInProcess()
		require.NoError(t, err)
		t.Cleanup(func() { _ = server.Close() })
		test(t, over(t, server, opts))
	})
}

// scripted is a job of a circle, asked for by a caller.
type scripted struct {
	*bundle
	session *capability.Session
}

func (b *bundle) as(circle, caller string) *scripted {
	s := captest.NewSession()
	s.Job.Circle, s.Job.Caller = circle, caller
	return &scripted{b, s}
}

func (b *bundle) owner() *scripted { return b.as("acme", "acme") }

func list(args []any) []abi.Value {
	out := make([]abi.Value, len(args))
	for i, a := range args {
		switch v := a.(type) {
		case int:
			a = int64(v)
		case string:
			a = abi.TextOrBytes([]byte(v)).V
		}
		out[i] = abi.Value{V: a}
	}
	return out
}

func (s *scripted) try(args ...any) (any, error) {
	s.t.Helper()
	request, err := abi.Encode(abi.CBOR, list(args))
	require.NoError(s.t, err)
	reply, err := captest.Call(s.t, s.cap, "do", s.session, request)
	if err != nil {
		return nil, err
	}
	return decoded(s.t, reply), nil
}

func (s *scripted) do(args ...any) any {
	s.t.Helper()
	v, err := s.try(args...)
	require.NoError(s.t, err, "%.200v", args)
	return v
}

// pipeline sends commands together and returns what each gave.
func (s *scripted) pipeline(commands ...[]any) []any {
	s.t.Helper()
	request := make([][]abi.Value, len(commands))
	for i, args := range commands {
		request[i] = list(args)
	}
	b, err := abi.Encode(abi.CBOR, request)
	require.NoError(s.t, err)
	reply, err := captest.Call(s.t, s.cap, "pipeline", s.session, b)
	require.NoError(s.t, err)
	return decoded(s.t, reply).([]any)
}

// decoded reads a reply, of which a value alone may be no list.
func decoded(t testing.TB, reply []byte) any {
	t.Helper()
	var v abi.Value
	require.NoError(t, v.UnmarshalCBOR(reply))
	return v.V
}

// directory is one in memory.
type directory struct {
	roles     map[string]capability.Role
	published []string
}

func (d directory) Role(_ context.Context, circle, caller string) (capability.Role, error) {
	if circle == caller {
		return capability.Owner, nil
	}
	return d.roles[caller], nil
}

func (d directory) Published(context.Context, string, capability.Kind) ([]string, error) {
	return d.published, nil
}
