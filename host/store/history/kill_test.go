package history

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

const childDir = "HENGE_HISTORY_CHILD_DIR"

const killBatch = 50

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		writeForever(dir)
	}
	os.Exit(m.Run())
}

// writeForever puts batches and says on standard output which are on disk.
func writeForever(dir string) {
	s, err := Open(dir, Options{})
	for n := 0; err == nil; n++ {
		var batch []Record
		for i := range killBatch {
			batch = append(batch, record("alpha", n*killBatch+i+1))
		}
		if err = s.Put(context.Background(), batch); err == nil {
			fmt.Println(n)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func TestKilledWriterLeavesWholeBatches(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childDir+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		lines, said := bufio.NewScanner(out), 0
		for said < 5+round*3 && lines.Scan() {
			said++
		}
		require.NoError(t, child.Process.Kill())
		for lines.Scan() {
			said++
		}
		require.Error(t, child.Wait())

		s := open(t, dir, Options{})
		all, err := s.List(t.Context(), Filter{}, MaxList)
		require.NoError(t, err)
		require.Zero(t, len(all)%killBatch, "half a batch was kept")
		require.GreaterOrEqual(t, len(all), said*killBatch)
		last, err := s.LastIDs(t.Context())
		require.NoError(t, err)
		require.Equal(t, []LastID{{"alpha", "mail", uint32(len(all))}}, last)
		require.NoError(t, s.Close())
	}
}
