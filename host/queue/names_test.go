package queue

import (
	"regexp"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/localredis/redistest"
)

func TestFixName(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		inLua := behind(t, rdb, "names", "return fix_name(ARGV[1])")
		for name, want := range map[string]string{
			"":                         "",
			"My Circle-1":              "my_circle_1",
			"a.b,c":                    "a.b,c",
			"__a__b__":                 "a_b_",
			" -a":                      "a",
			"_":                        "",
			"é":                        "",
			"aéb":                      "ab",
			"a é b":                    "a_b",
			"é a":                      "a",
			"\u212a":                   "", // the Kelvin sign, whose small letter is an ASCII k
			"a\x00b\x7fc\xffd":         "a_b_cd",
			"[a]":                      "a_",
			"Az09@Z`a{":                "az09_z_a_",
			strings.Repeat("a-", 9999): strings.Repeat("a_", 9999),
			"line\nline\r\nend":        "line_line_end",
		} {
			require.Equal(t, want, fixName(name), "%q", name)
			require.Equal(t, want, inLua(t, name), "%q", name)
		}
	})
}

func TestFixNameTheSameInLua(t *testing.T) {
	var (
		beyond = regexp.MustCompile(`[^\x00-\x7f]`)
		others = regexp.MustCompile(`[^a-z0-9.,]+`)
	)
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		inLua := behind(t, rdb, "names", "return fix_name(ARGV[1])")
		rapid.Check(t, func(t *rapid.T) {
			name := rapid.OneOf(
				rapid.String(),
				rapid.StringMatching(`[A-Za-z0-9 _.,é-]*`),
				rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			).Draw(t, "name")
			fixed := fixName(name)
			require.Equal(t, fixed, inLua(t, name))
			require.Equal(t, fixed, fixName(fixed))
			inSteps := others.ReplaceAllString(strings.ToLower(beyond.ReplaceAllString(name, "")), "_")
			require.Equal(t, strings.TrimPrefix(inSteps, "_"), fixed)
		})
	})
}
