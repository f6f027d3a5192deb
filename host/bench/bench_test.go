package bench

import (
	"context"
	"encoding/binary"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/kv"
	"github.com/henge-run/henge/host/capability/redis"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/store/circle/sqlite"
	"github.com/henge-run/henge/host/worker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// small is an engine of a hundred bytes, with scripts that count.
func small() Engine {
	script := func(name string, times uint64, overhead bool) Script {
		return Script{Name: name, Source: string(binary.LittleEndian.AppendUint64(nil, times)), Overhead: overhead}
	}
	return Engine{
		Binary:   guests()[0].encode(),
		Manifest: &abi.Manifest{Name: "small", Types: []string{"small"}},
		Scripts:  []Script{script("once", 1, true), script("often", 1000, false)},
	}
}

// short is as little as can be measured.
func short(engines ...Engine) Options {
	return Options{Engines: engines, Time: time.Millisecond, Rounds: 2}
}

func TestEachWayHasItsRows(t *testing.T) {
	report, err := Run(context.Background(), short(small()))
	require.NoError(t, err)

	var want []Row
	for _, s := range small().Scripts {
		for _, goroutines := range DefaultGoroutines() {
			for _, way := range Ways() {
				if way != Native { // of which there is no program
					want = append(want, Row{Engine: "small", Script: s.Name, Way: way, Goroutines: goroutines})
				}
			}
		}
	}
	require.Len(t, report.Rows, len(want))
	for i, got := range report.Rows {
		require.Equal(t, want[i], Row{Engine: got.Engine, Script: got.Script, Way: got.Way, Goroutines: got.Goroutines})
		require.Positive(t, got.P50, got)
		require.GreaterOrEqual(t, got.P99, got.P50, got)
		require.Positive(t, got.JobsPerSecond, got)
		require.Positive(t, got.HeapBytes, got)
		require.Positive(t, got.Allocs, got)
	}

	require.Len(t, report.Ratios, 3)
	for i, name := range []string{"once", "often", Mean} {
		r := report.Ratios[i]
		require.Equal(t, name, r.Script)
		for _, ratio := range []float64{r.NewToReset, r.ResetToWarm, r.ResetToUnmetered, r.ResetToCloseOnContext, r.SpeedUp} {
			require.Positive(t, ratio, r)
		}
		require.Zero(t, r.ResetToNative, "nothing was measured")
	}

	require.Len(t, report.Operations, len(guests())*len(operationWays()))
	for _, op := range report.Operations {
		require.Positive(t, op.Nanoseconds, op)
	}

	require.Len(t, report.Loads, 1)
	require.Positive(t, report.Loads[0].Time)
	require.Positive(t, report.Loads[0].MeteredTime)
	require.Less(t, report.Loads[0].Size, report.Loads[0].MeteredSize)

	require.Len(t, report.Memory, 2)
	for i, way := range []Way{Reset, New} {
		require.Equal(t, way, report.Memory[i].Way)
		require.Positive(t, report.Memory[i].PerGiB)
	}
}

func TestRunRefuses(t *testing.T) {
	with := func(change func(*Options)) Options {
		o := short(small())
		change(&o)
		return o
	}
	for name, c := range map[string]struct {
		opts    Options
		message string
	}{
		"no time":           {with(func(o *Options) { o.Time = -1 }), "above zero"},
		"no rounds":         {with(func(o *Options) { o.Rounds = -1 }), "above zero"},
		"no goroutines":     {with(func(o *Options) { o.Goroutines = []int{1, 0} }), "give 1 to 1024"},
		"many goroutines":   {with(func(o *Options) { o.Goroutines = []int{math.MaxInt} }), "give 1 to 1024"},
		"no module":         {with(func(o *Options) { o.Engines[0].Binary = nil }), "measure small"},
		"a wrong result":    {with(func(o *Options) { o.Engines[0].Scripts[1].Want = "x" }), `often: new: the result is "" and should be "x"`},
		"no such a program": {with(func(o *Options) { o.Engines[0].Native = "/no/such" }), "native: fork/exec /no/such"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Run(context.Background(), c.opts)
			require.ErrorContains(t, err, c.message)
		})
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Run(ctx, short(small()))
	require.Error(t, err)
}

// Each call has a row for each way, and what the sandbox adds.
func TestCapabilities(t *testing.T) {
	rdb := redistest.Real(t)
	pool, err := redis.Pool(rdb, 2)
	require.NoError(t, err)
	defer pool.Close()
	circles, err := sqlite.Open(t.TempDir(), sqlite.Options{})
	require.NoError(t, err)
	defer circles.Close()
	jobs, err := worker.NewChildren(rdb)
	require.NoError(t, err)
	defer jobs.Close()
	report, err := Capabilities(t.Context(), short(), Subjects{Redis: pool, Circles: circles, Jobs: jobs, Circle: "some-name"})
	require.NoError(t, err)
	calls := []string{"redis get", "redis set", "redis hgetall", "kv get", "sql query", "http fetch", "queue submit"}
	require.Len(t, report.Operations, 1+2*len(calls))
	var over []string
	for _, o := range report.Operations {
		require.Positive(t, o.Nanoseconds, o)
	}
	for _, o := range report.Overheads {
		require.Positive(t, o.Ratio, o)
		over = append(over, o.Name)
	}
	require.Equal(t, calls, over)
	waiting, err := rdb.LLen(t.Context(), "henge:{some-name}:q:bench").Result()
	require.NoError(t, err)
	require.GreaterOrEqual(t, waiting, int64(400), "a hundred of each way in each round, and each is a job")

	require.NoError(t, rdb.Set(t.Context(), "mine", "", 0).Err())
	require.NoError(t, Clean(t.Context(), rdb, "some-name"))
	for _, key := range rdb.Keys(t.Context(), "*").Val() {
		require.NotContains(t, key, "some-name")
	}
	require.Equal(t, int64(1), rdb.Exists(t.Context(), "mine").Val())
}

// A call that fails is no figure.
func TestFailedCallIsAnError(t *testing.T) {
	pool, err := redis.Pool(redistest.Real(t), 2)
	require.NoError(t, err)
	defer pool.Close()
	circles, err := sqlite.Open(t.TempDir(), sqlite.Options{})
	require.NoError(t, err)
	defer circles.Close()
	rt, err := sandbox.New(t.Context(), sandbox.Options{Capabilities: []capability.Capability{kv.New(circles)}})
	require.NoError(t, err)
	defer rt.Close(t.Context())
	b := &calling{Subjects: Subjects{Redis: pool, Circles: circles, Circle: "some-name"}, runtime: rt}
	get, err := b.calls(t.Context(), hostCall{module: abi.KVV1, function: "get", request: []byte("no such")})
	require.NoError(t, err)
	require.Error(t, get(t.Context(), 1))
}

func TestModule(t *testing.T) {
	engine := small()
	m, err := RunModule(context.Background(), short(), engine, []byte(engine.Scripts[0].Source))
	require.NoError(t, err)
	require.EqualValues(t, len(engine.Binary), m.Size)
	require.Empty(t, m.NotReset)
	for _, d := range []time.Duration{m.Cold, m.Cached, m.New, m.Reset} {
		require.Positive(t, d)
	}
	require.Positive(t, m.SnapshotSize)
	require.GreaterOrEqual(t, m.Fuel, m.EmptyFuel)

	often, err := RunModule(context.Background(), short(), engine, []byte(engine.Scripts[1].Source))
	require.NoError(t, err)
	require.Greater(t, often.Fuel, m.Fuel)

	engine.Binary = []byte("no module")
	_, err = RunModule(context.Background(), short(), engine, nil)
	require.ErrorContains(t, err, "load: ")
}
