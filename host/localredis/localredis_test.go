package localredis_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// startedBy makes this test binary a parent that starts a server, says where
// it is, and is then killed.
const startedBy = "HENGE_LOCALREDIS_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(startedBy) != "" {
		server, err := localredis.Start(context.Background(), localredis.Options{})
		if err != nil {
			os.Exit(1)
		}
		os.Stdout.WriteString(server.Addr() + "\n")
		select {}
	}
	goleak.VerifyTestMain(m)
}

func TestEach(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		require.NoError(t, rdb.Set(t.Context(), "k", "v", 0).Err())
		require.Equal(t, "v", rdb.Get(t.Context(), "k").Val())
	})
}

func TestStart(t *testing.T) {
	t.Run("kinds and addresses", func(t *testing.T) {
		server := redistest.Server(t, localredis.Options{Password: "a/b@c"})
		require.Equal(t, localredis.Real, server.Kind())
		require.True(t, strings.HasPrefix(server.Addr(), "127.0.0.1:"))
		require.NoError(t, redistest.Client(t, server).Ping(t.Context()).Err())
		unknown := redis.NewClient(&redis.Options{Addr: server.Addr()})
		defer unknown.Close()
		require.ErrorContains(t, unknown.Ping(t.Context()).Err(), "NOAUTH")
	})
	t.Run("close ends it and cleans up", func(t *testing.T) {
		server, err := localredis.Start(t.Context(), localredis.Options{})
		require.NoError(t, err)
		client := redistest.Client(t, server)
		dir := client.ConfigGet(t.Context(), "dir").Val()["dir"]
		require.DirExists(t, dir)
		require.NoError(t, server.Close())
		require.NoError(t, server.Close())
		require.NoDirExists(t, dir)
		_, err = net.Dial("tcp", server.Addr())
		require.Error(t, err)
	})
	t.Run("data that is kept", func(t *testing.T) {
		dir := t.TempDir()
		server := redistest.Server(t, localredis.Options{Dir: dir})
		require.NoError(t, redistest.Client(t, server).Set(t.Context(), "k", "v", 0).Err())
		require.NoError(t, server.Close())
		again := redistest.Client(t, redistest.Server(t, localredis.Options{Dir: dir}))
		require.Equal(t, "v", again.Get(t.Context(), "k").Val())
	})
	t.Run("a port that is taken", func(t *testing.T) {
		server := redistest.Server(t, localredis.Options{})
		_, port, _ := net.SplitHostPort(server.Addr())
		n, _ := strconv.Atoi(port)
		_, err := localredis.Start(t.Context(), localredis.Options{Port: n})
		require.ErrorContains(t, err, "in use")
	})
	t.Run("no redis-server", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		_, err := localredis.Start(t.Context(), localredis.Options{})
		require.ErrorIs(t, err, localredis.ErrNoServer)
	})
	t.Run("the in-process one ends too", func(t *testing.T) {
		server, err := localredis.StartInProcess()
		require.NoError(t, err)
		require.Equal(t, localredis.InProcess, server.Kind())
		require.NoError(t, redistest.Client(t, server).Ping(t.Context()).Err())
		require.NoError(t, server.Close())
		_, err = net.Dial("tcp", server.Addr())
		require.Error(t, err)
	})
}

func TestServerEndsWithItsParent(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), startedBy+"=1")
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line := make([]byte, 64)
	n, err := out.Read(line)
	require.NoError(t, err)
	addr := strings.TrimSpace(string(line[:n]))
	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err != nil
	}, 5*time.Second, 10*time.Millisecond)
}
