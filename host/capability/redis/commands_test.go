package redis

import (
	"context"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/captest"
	"github.com/henge-run/henge/host/job"
)

// serverOnly are commands that read although Redis counts them as writing,
// since an option that is refused here would write.
var serverOnly = []string{"sort"}

// Every command of the server is tried once: it is among the allowed ones, or
// it is refused by its name.
func TestEveryCommandOfTheServer(t *testing.T) {
	b := setup(t, Options{})
	table, err := b.rdb.Command(t.Context()).Result()
	require.NoError(t, err)
	require.Greater(t, len(table), 200)
	for name, info := range table {
		if _, own := ownCommand(name); own {
			continue
		}
		spec, ok := allowed[name]
		if !ok {
			_, err := b.owner().try(name, "k", "1", "x")
			captest.RequireCode(t, abi.AccessDenied, err)
			require.ErrorContains(t, err, name)
			continue
		}
		writes := slices.Contains(info.Flags, "write") && !slices.Contains(serverOnly, name)
		require.Equal(t, writes, spec.writes(), "%s: writes", name)
		if slices.Contains(info.Flags, "denyoom") && writes {
			require.Contains(t, spec.flags, "g", "%s grows", name)
		}
		for _, flag := range []string{"blocking", "admin", "pubsub"} {
			if name != "xread" { // which waits only if it is told to
				require.NotContains(t, info.Flags, flag, name)
			}
		}
	}
	for name := range allowed {
		require.Contains(t, table, name)
	}
	_, err = b.owner().try("CONFIG", "GET", "*")
	require.EqualError(t, err, `access_denied: the Redis command "CONFIG" is not among those that a script may use`)
}

// The places of the keys are those that the server finds.
func TestKeysAreWhereTheServerFindsThem(t *testing.T) {
	b := setup(t, Options{})
	s := b.owner()
	r := &service{client: b.opts.Client, quota: DefaultQuota, scripts: loadScripts()}
	a, err := r.attempt(t.Context(), s.session)
	require.NoError(t, err)
	tried := map[string]bool{}
	for _, sample := range samples {
		p, err := a.prepare(t.Context(), list(sample))
		require.NoError(t, err, sample)
		tried[p.name] = true
		found, err := b.rdb.Do(t.Context(), append([]any{"COMMAND", "GETKEYS"}, p.args...)...).StringSlice()
		require.NoError(t, err, sample)
		var mine []string
		for _, at := range p.at {
			mine = append(mine, p.args[at].(string))
			require.True(t, strings.HasPrefix(mine[len(mine)-1], "henge:data:{acme}:"))
		}
		require.ElementsMatch(t, found, mine, sample)
	}
	for name := range allowed {
		require.True(t, tried[name], "there is no sample of %s", name)
	}
}

// A pipeline gives what each command gives alone, in kind and value, and
// nothing but the circle's keys is there afterwards.
func TestSamplesAloneAndInAPipeline(t *testing.T) {
	b := setup(t, Options{})
	alone, together := b.as("alone", "alone"), b.as("together", "together")
	var want []any
	for _, sample := range samples {
		want = append(want, []any{true, alone.do(sample...)})
	}
	got := together.pipeline(samples...)
	for i, sample := range samples {
		require.Equal(t, canonical(want[i]), canonical(got[i]), "%v", sample)
	}
	keys, err := b.rdb.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	for _, key := range keys {
		require.Regexp(t, `^henge:(data|ledger|used):\{(alone|together)\}`, key)
	}
}

// canonical sorts lists, since sets come in any order.
func canonical(v any) any {
	l, ok := v.([]any)
	if !ok {
		return v
	}
	out := make([]any, len(l))
	for i, e := range l {
		out[i] = canonical(e)
	}
	slices.SortFunc(out, func(a, b any) int { return strings.Compare(fmt.Sprintf("%T%v", a, a), fmt.Sprintf("%T%v", b, b)) })
	return out
}

func TestReplies(t *testing.T) {
	s := setup(t, Options{}).owner()
	for _, sample := range samples {
		s.do(sample...)
	}
	require.Equal(t, "new", s.do("get", "s"))
	require.Nil(t, s.do("GET", "none"))
	require.Equal(t, int64(9007199254740994), s.do("INCR", "big"))
	require.Equal(t, []any{[]any{true, int64(9007199254740995)}}, s.pipeline([]any{"INCR", "big"}))
	require.Equal(t, map[string]any{"a": "3", "b": "2.5", "c": "three"}, s.do("HGETALL", "h"))
	require.Equal(t, 4.0, s.do("ZSCORE", "z", "b"))
	require.Equal(t, []any{2.0, nil}, s.do("ZMSCORE", "z", "a", "none"))
	s.do("SET", "bytes", []byte{0xff, 0})
	require.Equal(t, []byte{0xff, 0}, s.do("GET", "bytes"))
	s.do("HSET", "odd", []byte{0xff}, "v")
	require.Equal(t, []any{[]any{[]byte{0xff}, "v"}}, s.do("HGETALL", "odd"))
	s.do("XADD", "x", "9-1", "f", "v")
	require.Equal(t, map[string]any{"x": []any{[]any{"9-1", []any{"f", "v"}}}}, s.do("XREAD", "STREAMS", "x", "0"))
	s.do("RPUSH", "l", "a")
	require.Equal(t, "l", s.do("LMPOP", 1, "l", "LEFT").([]any)[0])
}

func TestRefused(t *testing.T) {
	s := setup(t, Options{}).owner()
	s.do("SET", "s", "v")
	for _, c := range []struct {
		code abi.Code
		args []any
	}{
		{abi.InvalidArgument, []any{"GET"}},
		{abi.InvalidArgument, []any{"GET", "s", "t"}},
		{abi.InvalidArgument, []any{"MSET", "s", "v", "t"}},
		{abi.InvalidArgument, []any{"COPY", "s", "t", "DB", 1}},
		{abi.InvalidArgument, []any{"SORT", "s", "BY", "w_*"}},
		{abi.InvalidArgument, []any{"SORT", "s", "GET", "d_*"}},
		{abi.InvalidArgument, []any{"SORT", "s", "STORE", "d"}},
		{abi.InvalidArgument, []any{"XREAD", "BLOCK", 0, "STREAMS", "s", "0"}},
		{abi.InvalidArgument, []any{"XREAD", "STREAMS", "s"}},
		{abi.InvalidArgument, []any{"ZUNION", 2, "s"}},
		{abi.InvalidArgument, []any{"ZUNION", "01", "s"}},
		{abi.InvalidArgument, []any{"ZUNION", "-1", "s"}},
		{abi.InvalidArgument, []any{"SRANDMEMBER", "s", -1000000}},
		{abi.InvalidArgument, []any{"LPOP", "s", 1000000}},
		{abi.InvalidArgument, []any{"HMGET", "s", "a", "a"}},
		{abi.InvalidArgument, []any{"GET", nil}},
		{abi.InvalidArgument, []any{"SCAN", "x"}},
		{abi.InvalidArgument, []any{}},
		{abi.InvalidArgument, []any{"EXPIRE", "s", 1, "\x80"}},
		{abi.TypeError, []any{"LPUSH", "s", "v"}},
		{abi.TypeError, []any{"LLEN", "s"}},
		{abi.AccessDenied, []any{"KEYS", "*"}},
		{abi.AccessDenied, []any{"get\x00", "s"}},
		{abi.TooLarge, []any{"GET", strings.Repeat("k", MaxKeyName+1)}},
		{abi.TooLarge, append([]any{"DEL"}, make([]any, MaxArguments)...)},
	} {
		_, err := s.try(c.args...)
		captest.RequireCode(t, c.code, err)
		require.NotContains(t, err.Error(), "henge:", c.args)
		require.True(t, utf8.ValidString(err.Error()), c.args)
	}
	got := s.pipeline([]any{"GET", "s"}, []any{"FLUSHALL"}, []any{"LLEN", "s"}, []any{"STRLEN", "s"})
	require.Equal(t, []any{true, "v"}, got[0])
	require.Equal(t, []any{false, int64(abi.AccessDenied)}, got[1].([]any)[:2])
	require.Equal(t, []any{false, int64(abi.TypeError)}, got[2].([]any)[:2])
	require.Equal(t, []any{true, int64(1)}, got[3])
}

func TestRoles(t *testing.T) {
	b := setup(t, Options{Directory: directory{
		roles:     map[string]capability.Role{"reader": capability.Reader, "writer": capability.Writer, "admin": capability.Admin},
		published: []string{"public:"},
	}})
	owner := b.owner()
	owner.do("MSET", "public:a", "1", "private", "2")
	may := func(caller string, args ...any) bool {
		_, err := b.as("acme", caller).try(args...)
		if err != nil {
			require.EqualError(t, err, capability.Insufficient().Error())
		}
		return err == nil
	}
	for _, c := range []struct {
		args                            []any
		nobody, stranger, reader, write bool
	}{
		{[]any{"GET", "public:a"}, true, true, true, true},
		{[]any{"GET", "private"}, false, false, true, true},
		{[]any{"MGET", "public:a", "private"}, false, false, true, true},
		{[]any{"SET", "public:a", "1"}, false, false, false, true},
		{[]any{"GETDEL", "public:b"}, false, false, false, true},
		{[]any{"RANDOMKEY"}, false, false, true, true},
		{[]any{"SCAN", 0}, true, true, true, true},
	} {
		require.Equal(t, c.nobody, may("", c.args...), "nobody %v", c.args)
		require.Equal(t, c.stranger, may("stranger", c.args...), "stranger %v", c.args)
		require.Equal(t, c.reader, may("reader", c.args...), "reader %v", c.args)
		require.Equal(t, c.write, may("writer", c.args...), "writer %v", c.args)
		require.Equal(t, c.write, may("admin", c.args...), "admin %v", c.args)
	}
	require.Equal(t, []any{"0", []any{"public:a"}}, b.as("acme", "stranger").do("SCAN", 0))
	_, err := setup(t, Options{}).as("acme", "stranger").try("GET", "public:a")
	require.EqualError(t, err, capability.Insufficient().Error())
}

// The contract lists the commands.
func TestCommandsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../abi/ABI.md")
	require.NoError(t, err)
	_, text, found := strings.Cut(string(page), "\n### `"+abi.RedisV1+"` (served)\n")
	require.True(t, found)
	text, _, _ = strings.Cut(text, "\n### ")
	_, text, found = strings.Cut(text, "\n| commands on | |\n")
	require.True(t, found)
	text, _, _ = strings.Cut(text, "\n\n")
	var listed []string
	for _, m := range regexp.MustCompile("`([A-Z_]+)`").FindAllStringSubmatch(text, -1) {
		listed = append(listed, strings.ToLower(m[1]))
	}
	want := append(slices.Collect(maps.Keys(allowed)), "scan", "randomkey")
	require.ElementsMatch(t, want, listed)
}

// A write waits until the lease is known to stand, and a read does not.
func TestWritesAreEffects(t *testing.T) {
	s := setup(t, Options{}).owner()
	s.do("SET", "k", "v")
	s.session.Job.Confirm = func(context.Context) error { return job.ErrLeaseLost }
	require.Equal(t, "v", s.do("GET", "k"))
	for name, spec := range allowed {
		_, err := s.try(samples[slices.IndexFunc(samples, func(c []any) bool { return strings.EqualFold(c[0].(string), name) })]...)
		if spec.writes() {
			require.ErrorIs(t, err, job.ErrLeaseLost, name)
		} else {
			require.NotErrorIs(t, err, job.ErrLeaseLost, name)
		}
	}
	require.Equal(t, []any{"0", []any{"k"}}, s.do("SCAN", 0))
}
