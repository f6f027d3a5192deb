package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability/redis"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/policy"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
	"github.com/henge-run/henge/host/worker"
)

// Two circles share all that a worker has: its module, its Redis, its
// databases, its policy. Whatever the jobs of one ask for, as the module makes
// the calls, nothing of the other comes back and nothing of it is changed. What
// each capability refuses is the matter of its own tests.
// -rapid.checks 100000 is for longer.
func TestCirclesAreApart(t *testing.T) {
	for kind, open := range map[string]func(*testing.T) databases{"sqlite": inSQLite, "postgres": inPostgres} {
		t.Run(kind, func(t *testing.T) { areApart(t, shareWorker(t, open(t))) })
	}
}

func areApart(t *testing.T, h *shared) {
	rapid.Check(t, func(rt *rapid.T) {
		attacker := rapid.IntRange(0, 1).Draw(rt, "attacker")
		mine, theirs := h.circles[attacker], h.circles[1-attacker]
		in, scope := mine, mine
		if rapid.IntRange(0, 3).Draw(rt, "as a stranger") == 0 {
			in, scope = theirs, "" // a stranger there changes nothing anywhere
		}
		h.hide(rt, theirs)
		require.Len(rt, h.reached(theirs), 1)
		before := h.state(rt, theirs, scope)
		calls := rapid.SliceOfN(h.attacks(theirs), 1, 8).Draw(rt, "calls")
		got := h.run(rt, &job.Job{Circle: in, Caller: mine}, calls)
		for i, a := range got {
			require.NotContains(rt, a.text, secretOf(theirs), "%.300q", calls[i])
		}
		require.Equal(rt, before, h.state(rt, theirs, scope), "changed by %.300q", calls)
		require.Empty(rt, h.reached(theirs), "an URL of the other circle's was fetched: %.300q", calls)
	})
}

func secretOf(circle string) string { return "what " + circle + " hides" }

// shared is what both circles' jobs run on.
type shared struct {
	circles []string
	rdb     *goredis.Client
	store   databases
	guest   *sandbox.Module
	table   []string          // functions by their place in the guest's table
	urls    map[string]string // of each circle's server
	asked   chan string       // whose server was asked
	places  map[string]string // the circles' databases
	jobs    map[string]string // a job of each circle
	ids     int               // of the jobs that ran
}

func shareWorker(t *testing.T, store databases) *shared {
	h := &shared{store: store, circles: []string{"alpha", strings.Repeat("be", 33)}, urls: map[string]string{}, places: map[string]string{}, jobs: map[string]string{}, asked: make(chan string, 1000)}
	server := redistest.Server(t, localredis.Options{})
	h.rdb = redistest.Client(t, server)
	pool, err := redis.Pool(h.rdb, 2)
	require.NoError(t, err)
	t.Cleanup(func() { _ = pool.Close() })
	children, err := worker.NewChildren(h.rdb)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, children.Close()) })

	// Each circle may reach a server of its own, which knows its secret and
	// sends those who ask for it on to the other one's.
	config := ""
	for i, circle := range h.circles {
		other := h.circles[1-i]
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.asked <- circle
			if r.URL.Path == "/on" {
				http.Redirect(w, r, h.urls[other], http.StatusFound)
				return
			}
			fmt.Fprint(w, secretOf(circle))
		}))
		t.Cleanup(s.Close)
		h.urls[circle] = s.URL + "/"
		config += fmt.Sprintf("[[http]]\ncircles = [%q]\nhosts = [%q]\nprivate = [\"127.0.0.0/8\"]\n", circle, s.URL)
		h.places[circle] = store.place(t, circle)
	}
	file := filepath.Join(t.TempDir(), "henge.toml")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	live, err := policy.Open(file, nil)
	require.NoError(t, err)

	runtime, err := sandbox.New(t.Context(), sandbox.Options{Policy: live, Capabilities: capabilities(offer{
		redis:   redis.Options{Quota: 8 << 20, Client: func(context.Context) (goredis.UniversalClient, error) { return pool, nil }},
		circles: store, policy: live, jobs: children,
	})})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, runtime.Close(context.Background())) })
	t.Cleanup(func() { require.NoError(t, wattest.Close()) })
	for _, module := range slices.Sorted(maps.Keys(abi.Functions())) {
		for _, function := range abi.Functions()[module] {
			h.table = append(h.table, module+" "+function)
		}
	}
	h.guest, err = runtime.Load(t.Context(), wattest.Compile(t, h.caller()), &abi.Manifest{Name: "caller"}, job.Limits{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.guest.Close(context.Background())) })
	return h
}

// caller is a module that makes the calls in its payload: for each the place of
// a function and the length of the request, 32 bits each, and the request. It
// gives back, for each, the host's result and the length of what follows, 64
// bits each, and then the reply or the error's message.
func (h *shared) caller() string {
	var imports, table strings.Builder
	for i, f := range h.table {
		module, function, _ := strings.Cut(f, " ")
		fmt.Fprintf(&imports, "(import %q %q (func $f%d (type $host)))\n", module, function, i)
		fmt.Fprintf(&table, " $f%d", i)
	}
	place := func(function string) int { return slices.Index(h.table, abi.JobV1+" "+function) }
	return fmt.Sprintf(`(module
		(type $host (func (param i32 i32 i32 i32) (result i64)))
		%s
		(table funcref (elem%s))
		(memory (export "memory") 48)
		(func (export "henge_run") (result i32) (local $at i32) (local $end i32) (local $n i32) (local $code i64)
			(local.set $at (i32.const 0x100000))
			(local.set $end (i32.add (local.get $at) (i32.wrap_i64
				(call $f%d (i32.const 0) (i32.const 0) (local.get $at) (i32.const 0x200000)))))
			(loop $next
				(local.set $n (i32.load offset=4 (local.get $at)))
				(local.set $code (call_indirect (type $host)
					(i32.add (local.get $at) (i32.const 8)) (local.get $n)
					(i32.const 0x1000) (i32.const 0xff000)
					(i32.load (local.get $at))))
				(i64.store (i32.const 0) (local.get $code))
				(if (i64.lt_s (local.get $code) (i64.const 0))
					(then (local.set $code (call $f%d (i32.const 0) (i32.const 0) (i32.const 0x1000) (i32.const 0xff000)))))
				(if (i64.gt_s (local.get $code) (i64.const 0xff000)) (then unreachable))
				(i64.store (i32.const 8) (local.get $code))
				(drop (call $f%[5]d (i32.const 0) (i32.const 16) (i32.const 0) (i32.const 0)))
				(drop (call $f%[5]d (i32.const 0x1000) (i32.wrap_i64 (local.get $code)) (i32.const 0) (i32.const 0)))
				(local.set $at (i32.add (i32.add (local.get $at) (i32.const 8)) (local.get $n)))
				(br_if $next (i32.lt_u (local.get $at) (local.get $end))))
			(i32.const 0)))`, imports.String(), table.String(), place("input"), place("take"), place("output"))
}

// hostCall is a call of a host function, and answered what came of it: a
// negative code is an error's.
type (
	hostCall struct{ function, request string }
	answered struct {
		code int64
		text string
	}
)

// encoded is a call with a structured request.
func encoded(t require.TestingT, module, function string, request any) hostCall {
	b, err := abi.Encode(abi.CBOR, request)
	require.NoError(t, err)
	return hostCall{module + " " + function, string(b)}
}

// run makes calls in one job, which succeeds.
func (h *shared) run(t require.TestingT, j *job.Job, calls []hostCall) []answered {
	j.ID = cmp.Or(j.ID, fmt.Sprint("run-", h.ids))
	h.ids++
	j.Dialect, j.Queue, j.Attempt, j.Type = queue.Henge, "henge:{"+j.Circle+"}:q:caller", 1, "caller"
	for _, c := range calls {
		place := slices.Index(h.table, c.function)
		require.GreaterOrEqual(t, place, 0, c.function)
		j.Payload = binary.LittleEndian.AppendUint32(j.Payload, uint32(place))
		j.Payload = binary.LittleEndian.AppendUint32(j.Payload, uint32(len(c.request)))
		j.Payload = append(j.Payload, c.request...)
	}
	r := h.guest.Run(context.Background(), j)
	require.Equal(t, job.Success.String(), r.End.String(), r.Error)
	var got []answered
	for out := r.Output; len(out) > 0; {
		n := binary.LittleEndian.Uint64(out[8:])
		got = append(got, answered{int64(binary.LittleEndian.Uint64(out)), string(out[16 : 16+n])})
		out = out[16+n:]
	}
	require.Len(t, got, len(calls))
	return got
}
