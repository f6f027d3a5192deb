package redis

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// state is all of a circle's keys as they are, but for their times.
func (b *bundle) state(circle string) map[string]*record {
	var out bytes.Buffer
	_, err := Export(b.t.Context(), b.rdb, circle, &out)
	require.NoError(b.t, err)
	all := map[string]*record{}
	require.NoError(b.t, records(&out, func(r *record) error {
		if r.Type == "set" {
			slices.SortFunc(r.Parts, bytes.Compare)
		}
		r.Expires = min(r.Expires, 1)
		all[string(r.Key)] = r
		return nil
	}))
	return all
}

func TestKeysMove(t *testing.T) {
	each(t, Options{Quota: 4 << 20}, func(t *testing.T, b *bundle) {
		for _, c := range [][]any{
			{"SET", "a\x00\xff{}*", "b\x00\xff"}, {"RPUSH", "list", "b", "a", "b", ""}, {"SADD", "set", "x"}, {"ZADD", "zset", "1.5", "m", "-inf", "n"},
			{"HSET", "hash", "f", "v"}, {"XADD", "stream", "1-1", "f", "v", "f", "w"}, {"XADD", "stream", "2-0", "g", "x"}, {"SET", "brief", "v", "PX", "100000000"},
		} {
			require.NoError(t, b.rdb.Do(t.Context(), append([]any{c[0], Prefix("acme") + c[1].(string)}, c[2:]...)...).Err())
		}
		for i := range 2500 {
			require.NoError(t, b.rdb.SAdd(t.Context(), Prefix("acme")+"many", fmt.Sprint(i)).Err())
		}
		require.NoError(t, b.rdb.Set(t.Context(), Prefix("other")+"k", "theirs", 0).Err())
		var out bytes.Buffer
		n, err := Export(t.Context(), b.rdb, "acme", &out)
		require.NoError(t, err)
		require.Equal(t, 8, n)
		require.NotContains(t, out.String(), "dGhlaXJz", "theirs")
		n, err = Check(bytes.NewReader(out.Bytes()))
		require.NoError(t, err)
		require.Equal(t, 8, n)

		require.NoError(t, b.rdb.RPush(t.Context(), Prefix("copy")+"set", "of another type").Err())
		n, err = Import(t.Context(), b.opts, "copy", bytes.NewReader(out.Bytes()))
		require.NoError(t, err)
		require.Equal(t, 8, n)
		require.True(t, reflect.DeepEqual(b.state("acme"), b.state("copy")), "they are the same")
		left := b.rdb.PTTL(t.Context(), Prefix("copy")+"brief").Val()
		require.InDelta(t, 100_000, left.Seconds(), 1000)
		used, err := Used(t.Context(), b.rdb, "copy")
		require.NoError(t, err)
		require.Greater(t, used, int64(2500), "they count against the quota")

		require.NoError(t, Remove(t.Context(), b.rdb, "copy"))
		require.Empty(t, b.state("copy"))
		require.Equal(t, "theirs", b.rdb.Get(t.Context(), Prefix("other")+"k").Val())
		small := b.opts
		small.Quota = 1000
		_, err = Import(t.Context(), small, "copy", bytes.NewReader(out.Bytes()))
		require.ErrorContains(t, err, "quota")
	})
}

func TestForgedKeys(t *testing.T) {
	b := setup(t, Options{})
	for name, text := range map[string]string{
		"no JSON":             `{`,
		"an unknown type":     `{"key":"aw==","type":"module"}`,
		"no value":            `{"key":"aw==","type":"set"}`,
		"half a field":        `{"key":"aw==","type":"hash","parts":["YQ=="]}`,
		"two strings":         `{"key":"aw==","type":"string","parts":["YQ==","YQ=="]}`,
		"options of a string": `{"key":"aw==","type":"string","parts":["YQ==","WFg="]}`,
		"a stream of parts":   `{"key":"aw==","type":"stream","parts":["YQ=="]}`,
		"no base64":           `{"key":"?","type":"string","parts":["YQ=="]}`,
		"a line without end":  `{"key":"` + strings.Repeat("a", longestRecord),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Check(strings.NewReader(text))
			require.Error(t, err)
			_, err = Import(t.Context(), b.opts, "acme", strings.NewReader(text))
			require.Error(t, err)
		})
	}
	// A key cannot be named out of the circle, nor a command chosen.
	_, err := Import(t.Context(), b.opts, "acme", strings.NewReader(`{"key":"e290aGVyfTpr","type":"string","parts":["RkxVU0hBTEw="]}`))
	require.NoError(t, err)
	require.Equal(t, []string{Prefix("acme") + "{other}:k"}, b.rdb.Keys(t.Context(), "henge:data:*").Val())
	_, err = Import(t.Context(), b.opts, "acme", strings.NewReader(`{"key":"aw==","type":"zset","parts":["bm90IGE=","bnVtYmVy"]}`))
	require.Error(t, err)
}
