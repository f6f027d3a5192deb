package redis

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability/captest"
)

// weight is what the circle's keys take, by the server's own word.
func (b *bundle) weight(circle string) int64 {
	b.t.Helper()
	var sum int64
	require.NoError(b.t, Keys(b.t.Context(), b.rdb, circle, func(key string) error {
		n, err := b.rdb.Do(b.t.Context(), "MEMORY", "USAGE", Prefix(circle)+key, "SAMPLES", 0).Int64()
		sum += n
		return err
	}))
	return sum
}

func (b *bundle) used(circle string) int64 {
	b.t.Helper()
	n, err := Used(b.t.Context(), b.rdb, circle)
	require.NoError(b.t, err)
	return n
}

// ledgerSum is what the entries of a circle's ledger make together.
func (b *bundle) ledgerSum(circle string) int64 {
	b.t.Helper()
	entries, err := b.rdb.HVals(b.t.Context(), ledgerKey(circle)).Result()
	require.NoError(b.t, err)
	var sum int64
	for _, e := range entries {
		bound, _, _ := strings.Cut(e, " ")
		n, err := strconv.ParseInt(bound, 10, 64)
		require.NoError(b.t, err)
		sum += n
	}
	return sum
}

const testQuota = 1 << 20

// Ways to fill a circle: none gets it much beyond its quota.
func TestQuota(t *testing.T) {
	b := setup(t, Options{Quota: testQuota})
	text := strings.Repeat("x", 10_000)
	for name, step := range map[string]func(s *scripted, i int) error{
		"many keys": func(s *scripted, i int) error {
			many := make([][]any, 100)
			for j := range many {
				many[j] = []any{"SET", fmt.Sprint("key", i, j), "v"}
			}
			if last := s.pipeline(many...)[99].([]any); last[0] == false {
				return &abi.Error{Code: abi.Code(last[1].(int64)), Message: last[2].(string)}
			}
			return nil
		},
		"keys that expire later": func(s *scripted, i int) error {
			_, err := s.try("SET", fmt.Sprint("key", i), text, "EX", 1000)
			return err
		},
		"a string appended to": func(s *scripted, _ int) error {
			_, err := s.try("APPEND", "k", text)
			return err
		},
		"strings with a far end": func(s *scripted, i int) error {
			_, err := s.try("SETRANGE", fmt.Sprint("k", i), 50_000, "x")
			return err
		},
		"bits far out": func(s *scripted, i int) error {
			_, err := s.try("SETBIT", fmt.Sprint("k", i), 500_000, 1)
			return err
		},
		"copies": func(s *scripted, i int) error {
			if i == 0 {
				s.do("SET", "k0", text)
			}
			_, err := s.try("COPY", "k0", fmt.Sprint("k", i+1))
			return err
		},
		"a list that hides large elements behind small ones": func(s *scripted, i int) error {
			if i < 10 {
				s.do("LPUSH", "l", strings.Repeat("s", 9000))
			}
			_, err := s.try("RPUSH", "l", text)
			return err
		},
		"elements moved to a list of small ones": func(s *scripted, i int) error {
			if _, err := s.try("RPUSH", "from", text); err != nil {
				return err
			}
			if i < 20 {
				s.do("LPUSH", "to", strings.Repeat("s", 1000))
			}
			_, err := s.try("LMOVE", "from", "to", "RIGHT", "RIGHT")
			return err
		},
		"a hash": func(s *scripted, i int) error {
			_, err := s.try("HSET", "h", i, text)
			return err
		},
		"a hash of many small fields": func(s *scripted, i int) error {
			args := []any{"HSET", "h"}
			for j := range 1000 {
				args = append(args, i*1000+j, "")
			}
			_, err := s.try(args...)
			return err
		},
		"sets of all sets": func(s *scripted, i int) error {
			if i < 2 {
				args := []any{"SADD", fmt.Sprint("t", i)}
				for j := range 1000 {
					args = append(args, fmt.Sprint("member", i, j))
				}
				s.do(args...)
			}
			_, err := s.try("SUNIONSTORE", fmt.Sprint("u", i), "t0", "t1")
			return err
		},
		"a stream": func(s *scripted, i int) error {
			_, err := s.try("XADD", "x", "*", "f", text)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			circle := strings.ReplaceAll(name, " ", "-")
			s := b.as(circle, circle)
			var err error
			for i := 0; err == nil && i < 20_000; i++ {
				err = step(s, i)
			}
			captest.RequireCode(t, abi.Limit, err)
			require.ErrorContains(t, err, "raise the quota")
			require.Equal(t, b.ledgerSum(circle), b.used(circle))
			require.LessOrEqual(t, b.used(circle), int64(testQuota*11/10))
			require.Greater(t, b.used(circle), int64(testQuota/2), "it was refused too early")
			require.LessOrEqual(t, b.weight(circle), b.used(circle), "what is counted is at least what there is")
			require.Greater(t, b.weight(circle), int64(testQuota/4))

			// Another circle does not notice, and this one can make room.
			b.as("other", "other").do("SET", "k", text)
			for cursor := any(0); cursor != "0"; {
				page := s.do("SCAN", cursor, "COUNT", 100).([]any)
				if keys := page[1].([]any); len(keys) > 0 {
					s.do(append([]any{"DEL"}, keys...)...)
				}
				cursor = page[0]
			}
			require.Zero(t, b.used(circle))
			s.do("SET", "k", text)
		})
	}
}

// Keys that have expired give back what they took when it is needed.
func TestQuotaOfExpiredKeys(t *testing.T) {
	b := setup(t, Options{Quota: testQuota})
	s := b.owner()
	text := strings.Repeat("x", 100_000)
	fill := func() {
		for i := range 8 {
			s.do("SET", fmt.Sprint("k", i), text, "PX", 1)
		}
	}
	fill()
	require.Eventually(t, func() bool { return s.do("EXISTS", "k7") == int64(0) }, 10*time.Second, time.Millisecond)
	require.Greater(t, b.used("acme"), int64(800_000))
	s.do("SET", "other", text)
	s.do("SET", "another", text)
	require.Less(t, b.used("acme"), int64(300_000))
}

// A list that is pushed to and popped from stays what it is.
func TestQuotaOfAQueue(t *testing.T) {
	b := setup(t, Options{Quota: testQuota})
	s := b.owner()
	for range 10 {
		var push, pop [][]any
		for range 500 {
			push, pop = append(push, []any{"LPUSH", "q", strings.Repeat("x", 100)}), append(pop, []any{"RPOP", "q"})
		}
		for _, reply := range append(s.pipeline(push...), s.pipeline(pop...)...) {
			require.Equal(t, true, reply.([]any)[0])
		}
	}
	require.Zero(t, b.used("acme"))
	require.Zero(t, b.ledgerSum("acme"))
}

// One key has its own limit, which bounds what any reply can be.
func TestKeysAreBounded(t *testing.T) {
	b := setup(t, Options{})
	s := b.owner()
	_, err := s.try("SETRANGE", "k", 512<<20-1, "x")
	captest.RequireCode(t, abi.TooLarge, err)
	_, err = s.try("SETBIT", "k", 4294967295, 1)
	captest.RequireCode(t, abi.TooLarge, err)
	s.do("SETRANGE", "k", MaxKey-4096, "x")
	_, err = s.try("APPEND", "k", strings.Repeat("x", 100_000))
	captest.RequireCode(t, abi.TooLarge, err)
	require.ErrorContains(t, err, "several keys")
	for range 6 {
		_, err = s.try("RPUSH", "l", strings.Repeat("x", 1_000_000))
		require.NoError(t, err)
	}
	_, err = s.try("RPUSH", "l", strings.Repeat("x", 1_000_000), strings.Repeat("x", 100_000))
	captest.RequireCode(t, abi.TooLarge, err) // of the request
	for i := 0; err == nil && i < 10; i++ {
		_, err = s.try("RPUSH", "l", strings.Repeat("x", 1_000_000))
	}
	captest.RequireCode(t, abi.TooLarge, err)
}

// A reply that would be too long is refused before the server makes it, alone
// and in a pipeline.
func TestRepliesAreBounded(t *testing.T) {
	b := setup(t, Options{})
	s := b.owner()
	s.do("SETRANGE", "k", 5<<20, "x")
	require.Len(t, s.do("GET", "k"), 5<<20+1)
	_, err := s.try("MGET", "k", "k", "k", "k")
	captest.RequireCode(t, abi.TooLarge, err)
	s.do("EXISTS", "k", "k", "k", "k")
	many := make([][]any, 10)
	for i := range many {
		many[i] = []any{"GET", "k"}
	}
	got := s.pipeline(many...)
	for i, reply := range got {
		require.Equal(t, i < 4, reply.([]any)[0], i)
	}
	require.Equal(t, int64(abi.TooLarge), got[9].([]any)[1])

	// What somebody else has put there is cut off by the connection.
	require.NoError(t, b.rdb.Do(t.Context(), "SETRANGE", Prefix("acme")+"huge", 100<<20, "x").Err())
	_, err = s.try("GET", "huge")
	captest.RequireCode(t, abi.TooLarge, err)
	require.Equal(t, int64(100<<20+1), s.do("STRLEN", "huge"), "another connection is taken")
}

func TestRemove(t *testing.T) {
	each(t, Options{}, func(t *testing.T, b *bundle) {
		for _, circle := range []string{"a", "ab"} {
			s := b.as(circle, circle)
			s.do("SET", "k", "v")
			s.do("RPUSH", "*", "v")
		}
		var keys []string
		require.NoError(t, Keys(t.Context(), b.rdb, "a", func(key string) error {
			keys = append(keys, key)
			return nil
		}))
		require.ElementsMatch(t, []string{"k", "*"}, keys)
		require.NoError(t, Remove(t.Context(), b.rdb, "a"))
		require.Zero(t, b.used("a"))
		left, err := b.rdb.Keys(t.Context(), "*").Result()
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"henge:data:{ab}:k", "henge:data:{ab}:*", "henge:ledger:{ab}", "henge:used:{ab}"}, left)
	})
}
