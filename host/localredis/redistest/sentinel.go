package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/localredis"
)

// MasterName is the name under which Sentinels know their master.
const MasterName = "mymaster"

// Guarded is a master and a replica, looked after by three Sentinels.
type Guarded struct {
	Master, Replica *localredis.Server

	// Sentinels are their addresses.
	Sentinels []string
}

// Sentinel starts a master, a replica and three Sentinels, which make the
// replica the master when the master was away for half a second.
func Sentinel(t testing.TB) *Guarded {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	g := &Guarded{Master: Server(t, localredis.Options{})}
	host, port, _ := net.SplitHostPort(g.Master.Addr())
	g.Replica = Server(t, localredis.Options{Args: []string{"--replicaof", host, port}})
	for range 3 {
		config := filepath.Join(t.TempDir(), "sentinel.conf")
		text := fmt.Sprintf("sentinel monitor %[1]s %[2]s %[3]s 2\nsentinel down-after-milliseconds %[1]s 500\nsentinel failover-timeout %[1]s 5000\n",
			MasterName, host, port)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s := Server(t, localredis.Options{Config: config, Args: []string{"--sentinel"}})
		g.Sentinels = append(g.Sentinels, s.Addr())
	}
	for _, addr := range g.Sentinels {
		s := redis.NewSentinelClient(&redis.Options{Addr: addr})
		defer s.Close()
		await(t, ctx, "the Sentinels know each other and the replica", func() bool {
			others, _ := s.Sentinels(ctx, MasterName).Result()
			replicas, _ := s.Replicas(ctx, MasterName).Result()
			return len(others) == len(g.Sentinels)-1 && len(replicas) == 1 && replicas[0]["master-link-status"] == "ok"
		})
	}
	return g
}

// URL returns the address in the form redis+sentinel://host,host/master.
func (g *Guarded) URL() string {
	return "redis+sentinel://" + strings.Join(g.Sentinels, ",") + "/" + MasterName
}
