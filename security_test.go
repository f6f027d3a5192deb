package henge_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What SECURITY.md and the README name as a proof is there.
func TestProofsAreThere(t *testing.T) {
	inTicks := regexp.MustCompile("`([^`]+)`")
	for _, page := range []string{"SECURITY.md", "README.md"} {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		rows := 0
		for line := range strings.Lines(string(text)) {
			cells := strings.Split(strings.Trim(line, "|\n"), "|")
			proof := cells[len(cells)-1]
			if !strings.HasPrefix(line, "|") || !strings.Contains(proof, "/") {
				continue
			}
			rows++
			for _, name := range inTicks.FindAllStringSubmatch(proof, -1) {
				if !strings.Contains(name[1], "/") || strings.Contains(name[1], " ") {
					continue
				}
				_, err := os.Stat(name[1])
				require.NoError(t, err, "%s: %s", page, line)
			}
		}
		require.Greater(t, rows, 10, page)
	}
}
