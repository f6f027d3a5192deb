package conformance

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
)

func set(t *testing.T, tx circle.Tx, key, value string, expires time.Time) {
	t.Helper()
	require.NoError(t, tx.Set(t.Context(), []byte(key), []byte(value), expires))
}

func get(t *testing.T, tx circle.Tx, key string) (string, bool) {
	t.Helper()
	v, found, err := tx.Get(t.Context(), []byte(key))
	require.NoError(t, err)
	return string(v), found
}

func small(t *testing.T, s suite) {
	tx := s.begin(t, newJob("j", 1), false)
	for _, key := range []string{"a", "\x00", "\xff\xfe", "'; DROP TABLE henge_kv; --", strings.Repeat("k", circle.MaxKey)} {
		set(t, tx, key, "1"+key, time.Time{})
		set(t, tx, key, key, time.Time{})
		v, found := get(t, tx, key)
		require.True(t, found)
		require.Equal(t, key, v)
		require.NoError(t, tx.Delete(t.Context(), []byte(key)))
		_, found = get(t, tx, key)
		require.False(t, found)
		require.NoError(t, tx.Delete(t.Context(), []byte(key)))
	}
	require.NoError(t, tx.Set(t.Context(), []byte("nothing"), nil, time.Time{}))
	v, found := get(t, tx, "nothing")
	require.True(t, found)
	require.Empty(t, v)
	requireCode(t, abi.InvalidArgument, tx.Set(t.Context(), nil, nil, time.Time{}))
	requireCode(t, abi.InvalidArgument, tx.Set(t.Context(), make([]byte, circle.MaxKey+1), nil, time.Time{}))
	requireCode(t, abi.TooLarge, tx.Set(t.Context(), []byte("a"), make([]byte, circle.MaxValue+1), time.Time{}))
	require.NoError(t, tx.Set(t.Context(), []byte("a"), make([]byte, circle.MaxValue), time.Time{}))

	set(t, tx, "brief", "v", s.clock.Now().Add(time.Second))
	_, found = get(t, tx, "brief")
	require.True(t, found)
	s.clock.Move(time.Second)
	_, found = get(t, tx, "brief")
	require.False(t, found)
	keys, _, err := tx.List(t.Context(), []byte("b"), nil, 0)
	require.NoError(t, err)
	require.Empty(t, keys)
	set(t, tx, "brief", "again", time.Time{})
	v, _ = get(t, tx, "brief")
	require.Equal(t, "again", v)
}

func listed(t *testing.T, s suite) {
	tx := s.begin(t, newJob("j", 1), false)
	want := []string{"\x00", "a", "a\x00", "a%", "a_b", "ab", "b", "\xff", "\xff\xff", "\xff\xffz"}
	for i := range want {
		set(t, tx, want[(i*7)%len(want)], "v", time.Time{})
	}
	list := func(prefix, after string, limit int) (out []string, more bool) {
		keys, more, err := tx.List(t.Context(), []byte(prefix), []byte(after), limit)
		require.NoError(t, err)
		for _, k := range keys {
			out = append(out, string(k))
		}
		return out, more
	}
	for _, prefix := range []string{"", "a", "a%", "\xff", "\xff\xff", "none"} {
		var expected []string
		for _, k := range want {
			if bytes.HasPrefix([]byte(k), []byte(prefix)) {
				expected = append(expected, k)
			}
		}
		got, more := list(prefix, "", 0)
		require.False(t, more)
		require.Equal(t, expected, got, "%q", prefix)
		// One after the other.
		var walked []string
		for after := ""; ; after = walked[len(walked)-1] {
			page, more := list(prefix, after, 1)
			walked = append(walked, page...)
			if !more {
				break
			}
		}
		require.Equal(t, expected, walked, "%q", prefix)
	}
}

func apart(t *testing.T, s suite) {
	at := func(name string) circle.Tx {
		j := newJob("j", 1)
		j.Circle = name
		return s.begin(t, j, false)
	}
	names := []string{"acme", "Acme", "acme.", "acme,x", strings.Repeat("ab", 33)}
	for i, name := range names {
		tx := at(name)
		exec(t, tx, "CREATE TABLE t (a INTEGER)")
		exec(t, tx, "INSERT INTO t VALUES (?)", int64(i))
		set(t, tx, "k", name, time.Time{})
		commit(t, tx)
	}
	for i, name := range names {
		tx := at(name)
		require.Equal(t, [][]any{{int64(i)}}, query(t, tx, "SELECT a FROM t"))
		v, _ := get(t, tx, "k")
		require.Equal(t, name, v)
		require.NoError(t, tx.Close())
	}
	for _, name := range []string{"", "../x", "a/b", "a\x00", strings.Repeat("x", 200)} {
		_, err := s.Begin(t.Context(), &job.Job{Circle: name}, false)
		require.Error(t, err, "%q", name)
	}
}
