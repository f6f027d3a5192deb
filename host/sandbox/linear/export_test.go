package linear

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// SkipUnlessThere skips a test where the system lacks what the way needs. One
// that has all of it and yet fails the trial shows a mistake of ours, and must
// not skip the tests that would find it.
func SkipUnlessThere(t testing.TB, s *System, w Way) {
	t.Helper()
	err := s.Check(w)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, os.ErrPermission) || errors.Is(err, os.ErrNotExist) {
		t.Skip("the system lacks it:", err)
	}
	require.NoError(t, err)
}
