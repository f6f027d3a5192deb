package redistest

import (
	"context"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/localredis"
)

// Cluster returns a client of a cluster of three masters that ends with the
// test.
func Cluster(t testing.TB) *redis.ClusterClient {
	t.Helper()
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: ClusterAddrs(t), ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// ClusterAddrs starts a cluster of three masters and returns their addresses.
func ClusterAddrs(t testing.TB) []string {
	t.Helper()
	const masters, slots = 3, 16384
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	addrs, clients, bus := make([]string, masters), make([]*redis.Client, masters), make([]int, masters)
	for i := range masters {
		bus[i] = FreePort(t)
		server := Server(t, localredis.Options{Args: []string{"--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(bus[i])}})
		addrs[i], clients[i] = server.Addr(), Client(t, server)
		if err := clients[i].ClusterAddSlotsRange(ctx, i*slots/masters, (i+1)*slots/masters-1).Err(); err != nil {
			t.Fatal(err)
		}
		// Two servers that both begin with no epoch would have to settle it.
		if err := clients[i].Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range masters {
		host, port, _ := net.SplitHostPort(addrs[i])
		if err := clients[0].Do(ctx, "CLUSTER", "MEET", host, port, bus[i]).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range clients {
		await(t, ctx, "the cluster is whole", func() bool {
			shards, _ := c.ClusterShards(ctx).Result()
			info, _ := c.ClusterInfo(ctx).Result()
			return len(shards) == masters && hasLine(info, "cluster_state:ok") && hasLine(info, "cluster_slots_assigned:"+strconv.Itoa(slots))
		})
	}
	return addrs
}
