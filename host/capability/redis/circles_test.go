package redis

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/abi"
)

// oddKeys are keys that would get out of a prefix that is put together
// carelessly.
var oddKeys = []string{
	"", "k", "*", "{", "}", "{b}", "}:{b}:", "henge:data:{b}:secret", "secret", "[a-z]*", "?", "\\", "a\\*",
	"\x00", "k\x00", "k\nDEL secret", "\r\n", "\xff\xfe", "$bytes", "henge:ledger:{b}", strings.Repeat("k", MaxKeyName),
}

// Whatever a circle's script does, nothing of another circle, of the queue or
// of anybody else is read or changed.
func TestCirclesAreApart(t *testing.T) {
	b := setup(t, Options{Quota: 8 << 20})
	const secret = "the secret of b"
	other := b.as("b", "b")
	for _, key := range []string{"secret", "k", "*", "{", "}"} {
		other.do("SET", key, secret)
	}
	foreign := []string{"secret", "k", "henge:lease", "henge:data:", "henge:data:{b", "henge:data:{a}"}
	for _, key := range foreign {
		require.NoError(t, b.rdb.Set(t.Context(), key, secret, 0).Err())
	}
	before := b.snapshot("henge:data:{a}:", "{a}")
	require.Len(t, before, 5+5+1+len(foreign))

	names := []string{"scan", "randomkey", "eval", "keys", "config"}
	for name := range allowed {
		names = append(names, name)
	}
	slices.Sort(names)
	rapid.Check(t, func(rt *rapid.T) {
		argument := rapid.OneOf(
			rapid.SampledFrom(oddKeys).AsAny(),
			rapid.SampledFrom([]any{"secret", "0", "1", "2", "-1", "COUNT", "MATCH", "*", "henge:*", "STREAMS", "STORE", "BY", "GET", "#", "LEFT", "WITHSCORES", "$", "-", "+", 1.5}).AsAny(),
			rapid.Int64Range(-2, 300).AsAny(),
			rapid.SliceOfN(rapid.Byte(), 0, 8).AsAny(),
		)
		var commands [][]any
		for range rapid.IntRange(1, 8).Draw(rt, "commands") {
			if rapid.Bool().Draw(rt, "sample") {
				// A command that would work, but for one argument.
				args := slices.Clone(rapid.SampledFrom(samples).Draw(rt, "command"))
				args[rapid.IntRange(1, len(args)-1).Draw(rt, "place")] = argument.Draw(rt, "argument")
				commands = append(commands, args)
				continue
			}
			args := []any{rapid.SampledFrom(names).Draw(rt, "name")}
			commands = append(commands, append(args, rapid.SliceOfN(argument, 0, 5).Draw(rt, "arguments")...))
		}
		s := b.as("a", "a")
		if rapid.Bool().Draw(rt, "pipeline") {
			require.NotContains(rt, textsIn(s.pipeline(commands...)), secret)
			return
		}
		for _, args := range commands {
			v, err := s.try(args...)
			if err != nil {
				var e *abi.Error
				require.ErrorAs(rt, err, &e)
				require.NotContains(rt, err.Error(), secret)
			}
			require.NotContains(rt, textsIn(v), secret)
		}
	})
	require.Equal(t, b.ledgerSum("a"), b.used("a"), "the sum is that of the ledger")
	require.LessOrEqual(t, b.weight("a"), b.used("a"), "what is counted is at least what there is")
	require.Equal(t, before, b.snapshot("henge:data:{a}:", "{a}"), "something beside the circle has changed")
}

// snapshot is all that Redis holds beside one circle's keys.
func (b *bundle) snapshot(prefix, ending string) map[string]string {
	b.t.Helper()
	keys, err := b.rdb.Keys(b.t.Context(), "*").Result()
	require.NoError(b.t, err)
	found := map[string]string{}
	for _, key := range keys {
		if strings.HasPrefix(key, prefix) || strings.HasPrefix(key, "henge:") && strings.HasSuffix(key, ending) && key != "henge:data:{a}" {
			continue
		}
		kind := b.rdb.Type(b.t.Context(), key).Val()
		if kind == "string" {
			found[key] = b.rdb.Get(b.t.Context(), key).Val()
		} else {
			fields, err := b.rdb.HGetAll(b.t.Context(), key).Result()
			require.NoError(b.t, err)
			for f, v := range fields {
				found[key+" "+f] = v
			}
		}
	}
	return found
}

// textsIn are all texts in a value, one behind the other.
func textsIn(v any) string {
	var out strings.Builder
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			out.WriteString(v)
		case []byte:
			out.Write(v)
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for k, e := range v {
				out.WriteString(k)
				walk(e)
			}
		}
		out.WriteByte('|')
	}
	walk(v)
	return out.String()
}

// SCAN and patterns see the circle's keys alone, however odd they are, and give
// them back as they were written.
func TestScan(t *testing.T) {
	each(t, Options{}, func(t *testing.T, b *bundle) {
		s, other := b.as("a", "a"), b.as("b", "b")
		require.Equal(t, []any{"0", []any{}}, s.do("SCAN", 0))
		require.Nil(t, s.do("RANDOMKEY"))
		for _, key := range oddKeys {
			s.do("SET", key, "v")
			require.Equal(t, "v", s.do("GET", key))
		}
		other.do("SET", "others", "v")
		s.do("SET", "gone", "v")
		s.do("RPUSH", "list", "v")
		s.do("DEL", "gone")
		scan := func(args ...any) []string {
			var found []string
			for cursor := any("0"); ; {
				page := s.do(append([]any{"SCAN", cursor}, args...)...).([]any)
				for _, key := range page[1].([]any) {
					switch key := key.(type) {
					case string:
						found = append(found, key)
					case []byte:
						found = append(found, string(key))
					}
				}
				if cursor = page[0]; cursor == "0" {
					return slices.Compact(slices.Sorted(slices.Values(found)))
				}
			}
		}
		all := append(slices.Clone(oddKeys), "list")
		slices.Sort(all)
		require.Equal(t, all, scan("COUNT", 1000000))
		require.Equal(t, all, scan())
		require.Equal(t, []string{"secret"}, scan("MATCH", "sec*"))
		require.Equal(t, []string{"*"}, scan("MATCH", `\*`))
		require.Equal(t, []string{"list"}, scan("TYPE", "list"))
		require.Empty(t, scan("MATCH", "others"))
		require.NotEqual(t, "others", s.do("RANDOMKEY"))
	})
}
