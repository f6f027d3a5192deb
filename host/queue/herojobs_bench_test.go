package queue

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// BenchmarkHeroJobsText is what a job costs the server, in milliseconds of its
// processor, by what a producer puts into its text.
func BenchmarkHeroJobsText(b *testing.B) {
	const size = 1 << 20
	member := func(value string) string {
		return strings.Replace(savedJob, `"more":[ ]`, `"more":`+value, 1)
	}
	for _, c := range []struct{ name, text string }{
		{"usual", savedJob},
		{"1 MiB of plain params", strings.Replace(savedJob, "40 + 2", strings.Repeat("x", size), 1)},
		{"1 MiB of a script's lines", strings.Replace(savedJob, "40 + 2", strings.Repeat(`let a = \"some text\" + b;\n`, size/27), 1)},
		{"1 MiB of escapes", strings.Replace(savedJob, "40 + 2", strings.Repeat(`\n`, size/2), 1)},
		{"1 MiB of small numbers", member("[" + strings.Repeat("1,", size/2) + "1]")},
		{"1 MiB of nesting", member("[" + strings.Repeat("[],", size/3) + "1]")},
	} {
		b.Run(c.name, func(b *testing.B) {
			rdb := redistest.Real(b)
			q, err := New(rdb, Options{AllCircles: true, Dialects: []string{HeroJobs}})
			require.NoError(b, err)
			require.NoError(b, q.Serve(anyHeroJob))
			spent := map[string]float64{}
			step := func(name string, do func()) {
				before := serverMilliseconds(b, rdb)
				do()
				spent[name] += serverMilliseconds(b, rdb) - before
			}
			for i := range b.N {
				key := "herojobs:c:t:" + strconv.Itoa(i+1)
				require.NoError(b, rdb.HSet(b.Context(), key, "job", c.text).Err())
				require.NoError(b, rdb.RPush(b.Context(), heroJobsCT, i+1).Err())
				require.NoError(b, q.Discover(b.Context()))
				var claims Claims
				step("claim", func() { claims, err = q.Claim(b.Context(), anyHeroJob, 1) })
				require.NoError(b, err)
				if len(claims.Jobs) == 0 {
					continue
				}
				step("renew", func() { _, err = q.Renew(b.Context(), claims.Jobs) })
				require.NoError(b, err)
				step("finish", func() {
					err = q.Finish(b.Context(), claims.Jobs[0], &job.Result{End: job.Success, Output: []byte("42")})
				})
				require.NoError(b, err)
			}
			for name, ms := range spent {
				b.ReportMetric(ms/float64(b.N), fmt.Sprintf("%s-ms", name))
			}
		})
	}
}

// serverMilliseconds is what the server has used of its processor.
func serverMilliseconds(b *testing.B, rdb *redis.Client) float64 {
	info, err := rdb.Info(b.Context(), "cpu").Result()
	require.NoError(b, err)
	sum := 0.0
	for line := range strings.Lines(info) {
		for _, name := range []string{"used_cpu_user:", "used_cpu_sys:"} {
			if s, ok := strings.CutPrefix(strings.TrimSpace(line), name); ok {
				seconds, err := strconv.ParseFloat(s, 64)
				require.NoError(b, err)
				sum += seconds * 1000
			}
		}
	}
	return sum
}
