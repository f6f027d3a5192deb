package filename

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHostileCirclesAreRefused(t *testing.T) {
	for _, circle := range []string{"", ".", "..", "../x", "a/b", `a\b`, "a\x00", "-a", ",a", ".a", "a b", "é", "a:b", "a=b", strings.Repeat("a", 65)} {
		_, err := Canonical(circle)
		require.Error(t, err, "%q", circle)
	}
}

func TestFileNames(t *testing.T) {
	for circle, want := range map[string]string{
		"con": "circle-con.db", "NUL.txt": "circle-=n=u=l.txt.db", "a,b": "circle-a,b.db", "a..": "circle-a...db",
		strings.Repeat("AB", 33): "circle-" + strings.Repeat("ab", 33) + ".db",
	} {
		c, err := Canonical(circle)
		require.NoError(t, err, circle)
		require.Equal(t, want, Of(c))
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("alpha", "Alpha")
	f.Add("a,b", "a.b")
	f.Add(strings.Repeat("AB", 33), strings.Repeat("ab", 33))
	f.Add("../x", "nul.db")
	f.Fuzz(func(t *testing.T, a, b string) {
		ca, errA := Canonical(a)
		if errA != nil {
			return
		}
		name := Of(ca)
		require.NotContains(t, name, "/")
		require.NotContains(t, name, `\`)
		back, ok := Circle(name)
		require.True(t, ok)
		require.Equal(t, ca, back)
		if cb, err := Canonical(b); err == nil {
			require.Equal(t, ca == cb, strings.EqualFold(name, Of(cb)))
		}
	})
}
