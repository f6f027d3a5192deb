package queue

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/localredis/redistest"
)

// obey has a worker look at the control lists, and returns what it says.
func (b *testBundle) obey(q *Queue) []string {
	b.Helper()
	more, notices, err := q.Obey(b.Context())
	require.NoError(b, err)
	require.False(b, more)
	var texts []string
	for _, n := range notices {
		texts = append(texts, n.Text)
	}
	return texts
}

func TestControlLists(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		w := Wanted{Types: []string{"OSIS"}, Group: "g", Instance: "i"}
		q, other := b.queue(Options{}), b.queue(Options{})
		require.Empty(t, b.obey(q), "nothing is served yet")
		require.NoError(t, q.Serve(w))
		running := b.put(nil)
		c := b.one(other, running)
		waiting := b.put(nil)

		b.push("hero:q:ctl:type:osis", `{"op":"stop","job":"`+running+`"}`)
		b.push("hero:q:ctl:type:osis:group:g:inst:i", waiting)
		require.Empty(t, b.obey(q))
		renewal, err := other.Renew(t.Context(), []*Claim{c})
		require.NoError(t, err)
		require.Len(t, renewal.Cancelled, 1, "whoever runs it is told")
		require.Equal(t, controlReason, renewal.Cancelled[0].Why)
		require.Equal(t, "cancelled", b.get(waiting)["end"])
		b.none(other)

		for message, want := range map[string]string{
			`{"op":"start","job":"J"}`:         "its op is not stop",
			`{"op":"stop"}`:                    "it names no job",
			`{"op":"stop","job":7}`:            "it names no job",
			`{"op":"stop","job":""}`:           "it names no job",
			`[]`:                               "its op is not stop",
			`{`:                                "it is no JSON",
			``:                                 "it names no job",
			"nobody\x1b[2J":                    "there is no such job",
			strings.Repeat("x", maxID+1):       "it names no job",
			"{" + strings.Repeat("[", 100_000): "it is no JSON",
		} {
			b.push("hero:q:ctl:type:osis", message)
			texts := b.obey(q)
			require.Len(t, texts, 1, "%.80q", message)
			require.Contains(t, texts[0], want, "%.80q", message)
			require.Less(t, len(texts[0]), 400)
		}
		b.push("hero:q:ctl:type:osis", waiting)
		require.Empty(t, b.obey(q), "it has ended, as was asked")

		require.NoError(t, rdb.Set(t.Context(), "hero:q:ctl:type:osis", "x", 0).Err())
		b.push("hero:q:ctl:type:osis:group:g:inst:i", "nobody")
		require.Len(t, b.obey(q), 2)
		require.Empty(t, b.obey(q), "said less than a minute ago")
	})
}

func TestControlListsAreReadInParts(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		require.NoError(t, q.Serve(osisOnly))
		b.push("hero:q:ctl:type:osis", numbered("j", mostOrders+1)...)
		more, notices, err := q.Obey(t.Context())
		require.NoError(t, err)
		require.True(t, more)
		require.Len(t, notices, mostOrders)
		require.Contains(t, notices[0].Text, `"j0"`, "the oldest first")
		require.Len(t, b.obey(q), 1)
	})
}

// Plain commands of an older producer, which names a worker by its type, or
// by a name of its own.
func TestLegacyKeys(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		ctx := t.Context()
		w := Wanted{Types: []string{"osis"}, Group: "g", Instance: "worker7"}
		put := func(id, list string, more ...any) {
			require.NoError(t, rdb.HSet(ctx, heroJob+id, append([]any{"context_id", alice, "script", "40 + 2", "status", "dispatched"}, more...)...).Err())
			b.push(list, id)
		}
		put("J", "hero:work_queue:osis", "worker_id", "osis")
		put("K", "hero:work_queue:worker7", "actor_id", "osis")
		claim := func(q *Queue) []*Claim {
			claims, err := q.Claim(ctx, w, 5)
			require.NoError(t, err)
			return claims.Jobs
		}
		require.Empty(t, claim(b.queue(Options{})), "only with the switch")
		q := b.queue(Options{LegacyKeys: true})
		claims := claim(q)
		require.ElementsMatch(t, []string{"J", "K"}, idsOf(claims))
		for _, c := range claims {
			require.Empty(t, c.Refusal)
			require.Equal(t, "osis", c.Job.Type)
		}
		b.push("hero:stop_queue:worker7", "K")
		require.Empty(t, b.obey(q))
		renewal, err := q.Renew(ctx, claims)
		require.NoError(t, err)
		require.Len(t, renewal.Cancelled, 1)
		for _, c := range claims {
			b.finish(q, c, "42")
			require.Equal(t, []string{"42"}, rdb.LRange(ctx, "hero:reply:"+c.Job.ID, 0, -1).Val())
			require.Positive(t, rdb.TTL(ctx, "hero:reply:"+c.Job.ID).Val())
			require.Equal(t, []string{"42"}, b.replies(c.Job.ID))
		}

		// Another circle's is taken apart, and comes from there.
		put("L", "hero:work_queue:osis", "context_id", bob)
		require.Empty(t, claim(b.queue(Options{LegacyKeys: true, Circles: []string{alice}})))
		require.Equal(t, []ListState{{Name: "hero:work_queue:osis", Dialect: Hero, Circles: 1, Waiting: 1}}, b.lists())
		claims = claim(q)
		require.Equal(t, []string{"L"}, idsOf(claims))
		require.Equal(t, "osis", claims[0].Job.Type, "the list says it")
	})
}
