package linear

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// End says what the thread has used since Begin, and nothing where one of the
// two is not known.
func TestProcessorTime(t *testing.T) {
	type reading struct {
		usage
		known bool
	}
	for _, c := range []struct {
		name       string
		begin, end reading
		cpu        time.Duration
		known      bool
	}{
		{"known", reading{usage{1, 3 * time.Millisecond}, true}, reading{usage{1, 10 * time.Millisecond}, true}, 7 * time.Millisecond, true},
		{"unknown at the end", reading{usage{1, 3}, true}, reading{}, 0, false},
		{"unknown at the beginning", reading{}, reading{usage{1, 3}, true}, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := NewMemory(WasmPage)
			require.NoError(t, err)
			now := c.begin
			m.count = func() (usage, bool) { return now.usage, now.known }
			m.Begin()
			now = c.end
			cpu, known := m.End()
			require.Equal(t, c.cpu, cpu)
			require.Equal(t, c.known, known)
			require.Equal(t, c.known, m.quiet, "in doubt a job is not quiet")
			require.NoError(t, m.Close())
		})
	}
}

// On a real thread, work takes processor time sooner or later.
func TestProcessorTimeOfThisThread(t *testing.T) {
	if _, known := threadUsage(); !known {
		t.Skip("the system does not count by thread")
	}
	m, err := NewMemory(WasmPage)
	require.NoError(t, err)
	mem := m.Reallocate(WasmPage)
	var sum time.Duration
	for tries := 0; sum == 0 && tries < 100_000; tries++ {
		m.Begin()
		for i := range mem {
			mem[i]++
		}
		cpu, known := m.End()
		require.True(t, known)
		require.GreaterOrEqual(t, cpu, time.Duration(0))
		sum += cpu
	}
	require.Positive(t, sum)
	require.NoError(t, m.Close())
}
