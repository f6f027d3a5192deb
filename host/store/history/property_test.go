package history

import (
	"cmp"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestAgainstMap compares a Store with a map, over many orders of writing.
func TestAgainstMap(t *testing.T) {
	type key struct {
		circle, dialect, queue, id string
		run                        int64
	}
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "history")
		require.NoError(t, err)
		defer func() { _ = os.RemoveAll(dir) }()
		s, err := Open(dir, Options{MaxOpen: 1})
		require.NoError(t, err)
		defer func() { require.NoError(t, s.Close()) }()
		model := map[key]Record{}
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			var batch []Record
			for range rapid.IntRange(1, 6).Draw(t, "records") {
				r := Record{
					Circle:  rapid.SampledFrom([]string{"alpha", "Alpha", "a,b"}).Draw(t, "circle"),
					Dialect: rapid.SampledFrom([]string{HeroJobs, "henge"}).Draw(t, "dialect"),
					Queue:   rapid.SampledFrom([]string{"q", "r"}).Draw(t, "queue"),
					ID:      rapid.SampledFrom([]string{"1", "2"}).Draw(t, "id"),
					Run:     rapid.Int64Range(1, 2).Draw(t, "run"),
					Attempt: rapid.Int64Range(1, 3).Draw(t, "attempt"),
					Status:  rapid.SampledFrom([]string{"done", "error"}).Draw(t, "status"),
					Error:   rapid.String().Draw(t, "error"),
					Ended:   noon.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "ended")) * time.Second),
				}
				batch = append(batch, r)
				k := key{r.Circle, r.Dialect, r.Queue, r.ID, r.Run}
				if old, ok := model[k]; !ok || r.Attempt >= old.Attempt {
					model[k] = r
				}
			}
			require.NoError(t, s.Put(t.Context(), batch))
		}
		f := Filter{
			Circle: rapid.SampledFrom([]string{"", "alpha", "Alpha"}).Draw(t, "of"),
			Status: rapid.SampledFrom([]string{"", "done"}).Draw(t, "with"),
			Since:  noon.Add(time.Second), Before: noon.Add(5 * time.Second),
		}
		want := []Record{}
		for _, r := range model {
			if (f.Circle == "" || r.Circle == f.Circle) && (f.Status == "" || r.Status == f.Status) &&
				!r.Ended.Before(f.Since) && r.Ended.Before(f.Before) {
				want = append(want, r)
			}
		}
		slices.SortFunc(want, func(a, b Record) int {
			return cmp.Or(b.Ended.Compare(a.Ended), cmp.Compare(a.Circle, b.Circle), cmp.Compare(a.Dialect, b.Dialect),
				cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.ID, b.ID), cmp.Compare(b.Run, a.Run))
		})
		limit := rapid.IntRange(1, 8).Draw(t, "limit")
		got, err := s.List(t.Context(), f, limit)
		require.NoError(t, err)
		require.Equal(t, want[:min(limit, len(want))], append([]Record{}, got...))
	})
}
