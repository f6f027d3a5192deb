package history

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/connection"
	"github.com/henge-run/henge/host/store/filename"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, dir string, opts Options) *Store {
	t.Helper()
	if opts.Now == nil {
		opts.Now = func() time.Time { return noon }
	}
	s, err := Open(dir, opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func record(circle string, n int) Record {
	return Record{
		Dialect: HeroJobs, Circle: circle, Topic: "mail", Type: "rhaiscript", Queue: "heroqueue:c:mail",
		ID: fmt.Sprint(n), Run: 1, Attempt: 1, Status: "done", End: job.Success, Worker: "w",
		Created: noon.Add(-time.Hour), Ended: noon.Add(time.Duration(n) * time.Second), Cost: `{"fuel":1}`,
		Output: []byte("out"), Payload: []byte("print(1)"), Raw: []byte(`{"jobid":1}`),
	}
}

func TestRecordComesBackAsItWas(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	r := record("alpha", 7)
	r.Error, r.Caller = "a\x00b", "\xff"
	require.NoError(t, s.Put(t.Context(), []Record{r}))
	for _, queue := range []string{"", r.Queue} {
		got, err := s.Get(t.Context(), r.Dialect, "alpha", queue, "7")
		require.NoError(t, err)
		require.Equal(t, []Record{r}, got)
	}
	got, err := s.Get(t.Context(), r.Dialect, "alpha", "another", "7")
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestLongFieldsAreCut(t *testing.T) {
	s := open(t, t.TempDir(), Options{MaxField: 4})
	r := record("alpha", 1)
	r.Payload, r.Raw, r.Error, r.Cost, r.Caller = []byte("12345"), []byte("1234"), "aaaé", "[1,2]", strings.Repeat("c", MaxWord+1)
	require.NoError(t, s.Put(t.Context(), []Record{r}))
	got, err := s.Get(t.Context(), r.Dialect, "alpha", "", "1")
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, CutPayload|CutError|CutCost|CutWord, got[0].Cut)
	require.Equal(t, "1234", string(got[0].Payload))
	require.Equal(t, "1234", string(got[0].Raw))
	require.Equal(t, "aaa", got[0].Error)
	require.Empty(t, got[0].Cost)
	require.Len(t, got[0].Caller, MaxWord)
}

func TestPutRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*Record){
		"a circle that is a path": func(r *Record) { r.Circle = "../x" },
		"no circle":               func(r *Record) { r.Circle = "" },
		"no id":                   func(r *Record) { r.ID = "" },
		"no queue":                func(r *Record) { r.Queue = "" },
		"a long id":               func(r *Record) { r.ID = strings.Repeat("1", MaxWord+1) },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir(), Options{})
			bad := record("alpha", 2)
			spoil(&bad)
			require.ErrorIs(t, s.Put(t.Context(), []Record{record("alpha", 1), bad}), ErrRefused)
			circles, err := s.Circles(t.Context())
			require.NoError(t, err)
			require.Empty(t, circles, "nothing was written")
		})
	}
}

func TestPrune(t *testing.T) {
	for _, c := range []struct {
		name     string
		keepFor  time.Duration
		keepMost int
		want     Pruned
	}{
		{"no bounds", 0, 0, Pruned{}},
		{"by age", 1500 * time.Second, 0, Pruned{Circles: 1, Records: 1500, Bytes: 1500 * 22}},
		{"by number", 0, 10, Pruned{Circles: 1, Records: 2990, Bytes: 2990 * 22}},
		{"by both", 1500 * time.Second, 2000, Pruned{Circles: 1, Records: 1500, Bytes: 1500 * 22}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, t.TempDir(), Options{Now: func() time.Time { return noon.Add(3000 * time.Second) }})
			var all []Record
			for n := range 3000 {
				all = append(all, record("alpha", n))
			}
			require.NoError(t, s.Put(t.Context(), all))
			gone, err := s.Prune(t.Context(), Bounds{For: c.keepFor, Most: c.keepMost})
			require.NoError(t, err)
			require.Equal(t, c.want, gone)
			left, err := s.List(t.Context(), Filter{}, MaxList)
			require.NoError(t, err)
			require.Len(t, left, 3000-int(gone.Records))
			require.Equal(t, "2999", left[0].ID)
			last, err := s.LastIDs(t.Context())
			require.NoError(t, err)
			require.Equal(t, []LastID{{"alpha", "mail", 2999}}, last)
		})
	}
}

func TestPruneBySize(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	var all []Record
	for n := range 1000 {
		r := record("alpha", n)
		r.Output = make([]byte, 10_000)
		all = append(all, r)
	}
	require.NoError(t, s.Put(t.Context(), all))
	gone, err := s.Prune(t.Context(), Bounds{Bytes: 2 << 20})
	require.NoError(t, err)
	left, err := s.List(t.Context(), Filter{}, MaxList)
	require.NoError(t, err)
	require.EqualValues(t, 1000-gone.Records, len(left))
	require.InDelta(t, 170, len(left), 60) // 2 MiB of 12 kB each
	require.Equal(t, "999", left[0].ID)
	_, err = s.Prune(t.Context(), Bounds{Bytes: 1}) // less than an empty one has
	require.NoError(t, err)
	left, err = s.List(t.Context(), Filter{}, MaxList)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestLastIDsOfCirclesAndTopics(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	last, err := s.LastIDs(t.Context())
	require.NoError(t, err)
	require.Empty(t, last)
	highest, other, foreign := record("alpha", 4294967295), record("beta", 3), record("beta", 9)
	other.Topic, foreign.Dialect = "post", "hero"
	require.NoError(t, s.Put(t.Context(), []Record{highest, record("alpha", 7), other, foreign}))
	last, err = s.LastIDs(t.Context())
	require.NoError(t, err)
	require.Equal(t, []LastID{{"alpha", "mail", 4294967295}, {"beta", "post", 3}}, last)
}

func TestGetLooksThroughAllCircles(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	require.NoError(t, s.Put(t.Context(), []Record{record("alpha", 1), record("beta", 2)}))
	got, err := s.Get(t.Context(), HeroJobs, "", "", "2")
	require.NoError(t, err)
	require.Equal(t, []Record{record("beta", 2)}, got)
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	conn, err := connection.Open(t.Context(), filepath.Join(dir, filename.Of("alpha")), connection.Create)
	require.NoError(t, err)
	require.NoError(t, conn.Script("PRAGMA user_version = 2"))
	require.NoError(t, conn.Close())
	s := open(t, dir, Options{})
	require.ErrorIs(t, s.Put(t.Context(), []Record{record("alpha", 1), record("beta", 1)}), ErrNewer)
	got, err := s.Get(t.Context(), HeroJobs, "beta", "", "1")
	require.NoError(t, err)
	require.Len(t, got, 1, "other circles are written all the same")
}

func TestManyCirclesFewOpenFiles(t *testing.T) {
	const most, circles = 4, 100
	dir := t.TempDir()
	s := open(t, dir, Options{MaxOpen: most})
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for n := w; n < circles; n += 8 {
				if err := s.Put(context.Background(), []Record{record(fmt.Sprintf("c%d", n), 1)}); err != nil {
					t.Errorf("put: %v", err)
				}
			}
		})
	}
	wg.Wait()
	all, err := s.List(t.Context(), Filter{}, 1000)
	require.NoError(t, err)
	require.Len(t, all, circles)
	if runtime.GOOS != "linux" {
		return
	}
	// One caller at a time: descriptors that come and go while they are
	// counted would be counted twice.
	for n := range circles {
		require.NoError(t, s.Put(t.Context(), []Record{record(fmt.Sprintf("c%d", n), 2)}))
		require.Equal(t, most, openIn(t, dir))
	}
}

// openIn counts the databases under dir that this process has open.
func openIn(t *testing.T, dir string) int {
	links, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Error(err)
	}
	open := map[string]bool{}
	for _, l := range links {
		to, err := os.Readlink("/proc/self/fd/" + l.Name())
		if err == nil && strings.HasPrefix(to, dir) && strings.HasSuffix(to, filename.Suffix) {
			open[to] = true
		}
	}
	return len(open)
}

func TestTwoStoresWriteAtOnce(t *testing.T) {
	dir := t.TempDir()
	stores := []*Store{open(t, dir, Options{}), open(t, dir, Options{})}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := range 20 {
				if err := stores[w%2].Put(context.Background(), []Record{record("alpha", w*20+n), record("alpha", 1000)}); err != nil {
					t.Errorf("put: %v", err)
				}
			}
		})
	}
	wg.Wait()
	for _, s := range stores {
		all, err := s.List(t.Context(), Filter{Circle: "alpha"}, 1000)
		require.NoError(t, err)
		require.Len(t, all, 81)
	}
}

func TestClosed(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Put(t.Context(), []Record{record("alpha", 1)}), ErrClosed)
}

func BenchmarkPut(b *testing.B) {
	for _, size := range []int{1, 100} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := open(b, b.TempDir(), Options{})
			n := 0
			for b.Loop() {
				batch := make([]Record, size)
				for i := range batch {
					n++
					batch[i] = record("alpha", n)
				}
				require.NoError(b, s.Put(b.Context(), batch))
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
