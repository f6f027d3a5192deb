package queue

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/localredis/redistest"
)

func TestConnectReadsURLs(t *testing.T) {
	for text, where := range map[string]string{
		"redis://localhost":                          "localhost:6379",
		"redis://u:p%40w@h:7/3":                      "h:7",
		"redis://:6380":                              "127.0.0.1:6380",
		"redis://[::1]:7":                            "[::1]:7",
		"rediss://h?skip_verify=true":                "h:6379 (TLS)",
		"unix://u:p@/run/redis.sock?db=2":            "/run/redis.sock",
		"redis+sentinel://a,b:7,[::1]:8/m/2":         "m of Sentinel at a:26379,b:7,[::1]:8",
		"rediss+sentinel://u:p@a/m?servername=x":     "m of Sentinel at a:26379 (TLS)",
		"redis+cluster://u:p@a:1,b":                  "cluster at a:1,b:6379",
		"redis+sentinel://a/m?sentinel_password=s@x": "m of Sentinel at a:26379",
	} {
		rdb, err := Connect(text)
		require.NoError(t, err, text)
		require.NoError(t, rdb.Close())
		require.Equal(t, where, Where(text))
	}
	for text, why := range map[string]string{
		"localhost:6379":                 "begins with redis://",
		"http://h":                       "there is no scheme",
		"redis+ring://h":                 "there is no scheme",
		"unix://":                        "socket path",
		"redis://a,b":                    "several hosts",
		"redis://h:secret":               "invalid port",
		"redis://h/x":                    "database",
		"redis+sentinel://a":             "the master's name",
		"redis+sentinel://a/m/x":         "is no number",
		"redis+sentinel://a/m?db=3":      "no parameter",
		"redis+cluster://a/3":            "no databases",
		"redis://h?cacert=x":             "write rediss",
		"rediss://h?cacert=/nowhere":     "no such file",
		"rediss://h?cacert=/dev/null":    "no certificate in",
		"rediss://h?cert=x":              "go together",
		"redis://u:secret@h:port":        "invalid port",
		"redis+cluster://u:secret@h\x7f": "invalid control character",
	} {
		_, err := Connect(text)
		require.ErrorContains(t, err, why, text)
		require.NotContains(t, err.Error(), "u:secret", "a password is not repeated")
		require.NotContains(t, Where(text), "secret@")
	}
	rdb, err := Connect("redis://u:p%40w@h:7/3")
	require.NoError(t, err)
	defer rdb.Close()
	opts := rdb.(*redis.Client).Options()
	require.Equal(t, []any{"u", "p@w", 3}, []any{opts.Username, opts.Password, opts.DB})
}

// A push to any master of a cluster wakes.
func TestWakerOnACluster(t *testing.T) {
	rdb := redistest.Cluster(t)
	q, err := New(rdb, Options{AllCircles: true})
	require.NoError(t, err)
	require.NoError(t, q.Serve(Wanted{Types: []string{"osis"}}))
	w := q.NewWaker()
	defer w.Close()
	quiet(t, w)
	require.True(t, w.listening())
	for _, circle := range []string{"a", "b", "c", "d", "e", "f"} {
		require.NoError(t, rdb.LPush(t.Context(), ownScope(circle)+ownQueue+"osis", "x").Err())
		_, ok := woken(t, w)
		require.True(t, ok, circle)
		x, err := q.Exchange(t.Context(), nil, 1)
		require.NoError(t, err)
		require.Empty(t, x.Jobs, "its job is not there")
		quiet(t, w)
	}
	denied, err := Denied(t.Context(), rdb, RoleWorker)
	require.NoError(t, err)
	require.Empty(t, denied)
}

// A user with a worker's rights alone works on a cluster.
func TestACLOnACluster(t *testing.T) {
	addrs := redistest.ClusterAddrs(t)
	for _, addr := range addrs {
		admin, err := Connect("redis://" + addr)
		require.NoError(t, err)
		as(t, admin, addr, ACL(RoleWorker))
		require.NoError(t, admin.Close())
	}
	rdb, err := Connect("redis+cluster://henge-worker:se%2Fcret@" + strings.Join(addrs, ","))
	require.NoError(t, err)
	defer rdb.Close()
	q, err := New(rdb, Options{Circles: []string{alice, bob}})
	require.NoError(t, err)
	require.NoError(t, q.Open(t.Context()))
	require.NoError(t, q.Serve(Wanted{Types: []string{"osis"}}))
	require.NoError(t, q.Discover(t.Context()))
	_, err = q.Exchange(t.Context(), nil, 1)
	require.NoError(t, err)
	_, err = q.Reap(t.Context())
	require.NoError(t, err)
	w := q.NewWaker()
	defer w.Close()
	require.NoError(t, w.Ready(t.Context()))
	require.True(t, w.listening())
}
