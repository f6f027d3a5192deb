package job_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
)

func TestCheckCaller(t *testing.T) {
	for _, caller := range []string{
		"", "carol", "0x52908400098527886E0F7030069857D2E4169EE7", "did:key:z6MkhaXg", "a.b+c@example.com",
		"bAhM5/QEcVjS+bDP3s5lvOPAn1FdcPgpDZ1Ljnw1+dw=",
		"02" + strings.Repeat("aF", 32), "04" + strings.Repeat("0", 128), strings.Repeat("a", job.MaxCaller),
	} {
		require.NoError(t, job.CheckCaller(caller), caller)
	}
	for name, caller := range map[string]string{
		"path":            "../../x",
		"NUL":             "acme\x00",
		"line end":        "acme\n",
		"escape":          "\x1b[2J",
		"C1 control":      "a\u009b2J",
		"homoglyph":       "аcme",
		"right to left":   "\u202eemca",
		"invisible":       "ac\u200dme",
		"space":           "acme ",
		"a brace":         "{acme}",
		"not UTF-8":       "\xff",
		"too long":        strings.Repeat("a", job.MaxCaller+1),
		"10 kB":           strings.Repeat("a", 10_000),
		"10 kB of escape": strings.Repeat("\x1b", 10_000),
	} {
		err := job.CheckCaller(caller)
		require.ErrorContains(t, err, job.CallerRule, name)
		require.Less(t, len(err.Error()), 600, name)
		require.Regexp(t, `^[ -~…]*$`, err.Error(), name)
	}
}
