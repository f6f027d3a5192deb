package job_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
)

func TestParseType(t *testing.T) {
	for given, want := range map[string]string{
		"osis": "osis", "OSIS": "osis", "Rhai": "rhai", "v": "v", "http_request": "http_request", "python3.12": "python3.12", "a-b": "a-b",
		strings.Repeat("A", job.MaxType): strings.Repeat("a", job.MaxType),
	} {
		got, err := job.ParseType(given)
		require.NoError(t, err, given)
		require.Equal(t, want, got)
		require.True(t, abi.ValidType(got), "a module may serve it")
	}
	for name, given := range map[string]string{
		"nothing": "", "path": "../../x", "NUL": "osis\x00", "line end": "osis\n", "escape": "\x1b[2J", "homoglyph": "оsis", "Kelvin sign": "\u212aobol", "long s": "o\u017fis",
		"right to left": "\u202esiso", "invisible": "o\u200dsis", "space": "osis ", "colon": "osis:group:g", "brace": "{osis}", "bar": "osis|x", "not UTF-8": "\xff", "a point first": ".osis",
		"too long": strings.Repeat("a", job.MaxType+1), "10 kB": strings.Repeat("a", 10_000), "10 kB of escape": strings.Repeat("\x1b", 10_000),
	} {
		_, err := job.ParseType(given)
		require.ErrorContains(t, err, job.TypeRule, name)
		require.Less(t, len(err.Error()), 600, name)
		require.Regexp(t, `^[ -~…]*$`, err.Error(), name)
	}
}

// What can be asked for is what a module may serve, but for the case.
func TestTypesAreThoseOfModules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-z0-9._:\x{212a}-]{0,66}`)).Draw(t, "type")
		got, err := job.ParseType(s)
		require.Equal(t, err == nil, abi.ValidType(asciiLower(s)), "%q", s)
		if err == nil {
			require.Equal(t, asciiLower(s), got)
		}
	})
}

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
