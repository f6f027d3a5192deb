package redistest

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"
)

// await looks often until something holds, and fails the test with ctx.
func await(t testing.TB, ctx context.Context, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not within its time: %s", what)
		}
	}
}

// hasLine says whether a reply of INFO has a line.
func hasLine(info, line string) bool {
	for one := range strings.Lines(info) {
		if strings.TrimSpace(one) == line {
			return true
		}
	}
	return false
}

// FreePort returns a port of the loopback interface that was free a moment ago.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
