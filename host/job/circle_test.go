package job_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/job"
)

func TestParseCircle(t *testing.T) {
	hex := func(n int) string { return strings.Repeat("0123456789abcdef", n/16+1)[:n] }
	for name, c := range map[string]struct{ in, want string }{
		"compressed key":           {"02" + hex(64), "02" + hex(64)},
		"bare key":                 {hex(64), hex(64)},
		"uncompressed key":         {"04" + hex(128), "04" + hex(128)},
		"upper case is lowered":    {strings.ToUpper("03" + hex(64)), "03" + hex(64)},
		"mixed case is lowered":    {"AaBb" + hex(60), "aabb" + hex(60)},
		"name":                     {"acme", "acme"},
		"name keeps its case":      {"Acme_1.test-2", "Acme_1.test-2"},
		"one character":            {"0", "0"},
		"64 that are not all hex":  {"G" + hex(63), "G" + hex(63)},
		"short hex is just a name": {"ABCDEF", "ABCDEF"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := job.ParseCircle(c.in)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			again, err := job.ParseCircle(got)
			require.NoError(t, err)
			require.Equal(t, got, again, "the canonical form stays")
		})
	}
}

func TestParseCircleRefuses(t *testing.T) {
	hex := strings.Repeat("a", 200)
	for name, in := range map[string]string{
		"empty":              "",
		"path":               "../../x",
		"dot":                ".",
		"dots":               "..",
		"hidden":             ".x",
		"starts with dash":   "-rf",
		"slash":              "a/b",
		"backslash":          `a\b`,
		"colon":              "a:b",
		"braces":             "{a}",
		"star":               "a*",
		"space":              "a b",
		"NUL":                "a\x00b",
		"line break":         "a\n",
		"escape sequence":    "\x1b[2J",
		"Cyrillic homoglyph": "аcme",
		"full width":         "ａcme",
		"zero width joiner":  "ac\u200dme",
		"right to left":      "\u202eemca",
		"Kelvin sign":        "\u212aelvin",
		"not UTF-8":          "a\xff",
		"65 hex":             hex[:65],
		"131 hex":            hex[:131],
		"66 not all hex":     "0g" + hex[:64],
		"10 kB":              strings.Repeat("a", 10_000),
		"10 kB of escapes":   strings.Repeat("\x1b", 10_000),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := job.ParseCircle(in)
			require.Error(t, err)
			require.Empty(t, got)
			require.Less(t, len(err.Error()), 700, "a producer cannot flood the log")
			require.Regexp(t, `^[[:print:]…]*$`, strings.ToValidUTF8(err.Error(), "\x00"), "nor write to a terminal")
		})
	}
}

func TestParseCircleGivesOnlySafeBytes(t *testing.T) {
	safe := regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]*$`)
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(
			rapid.String(),
			rapid.StringMatching(`[0-9A-Fa-f]{63,67}|[0-9A-Fa-f]{129,131}`),
			rapid.StringMatching(`[0-9A-Za-z._/:\\-]{0,70}`),
		).Draw(t, "circle")
		requireSafe(t, safe, in)
	})
}

func FuzzParseCircle(f *testing.F) {
	for _, seed := range []string{"acme", "../../x", "a\x00", "аcme", strings.Repeat("aF", 33), strings.Repeat("0", 130)} {
		f.Add(seed)
	}
	safe := regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]*$`)
	f.Fuzz(func(t *testing.T, in string) { requireSafe(t, safe, in) })
}

func requireSafe(t require.TestingT, safe *regexp.Regexp, in string) {
	got, err := job.ParseCircle(in)
	if err != nil {
		return
	}
	require.Regexp(t, safe, got)
	require.LessOrEqual(t, len(got), 130)
	require.True(t, strings.EqualFold(in, got), "nothing but the case may change")
}
