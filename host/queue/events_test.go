package queue

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// take reads n events.
func (b *testBundle) take(events iter.Seq2[Event, error], n int) []Event {
	b.Helper()
	var got []Event
	for e, err := range events {
		require.NoError(b, err)
		require.NotEmpty(b, e.ID)
		require.WithinDuration(b, time.Now(), e.Time, time.Minute)
		if got = append(got, e); len(got) == n {
			break
		}
	}
	return got
}

func kindsOf(events []Event) (kinds []EventKind) {
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// Each change of a job's state is an event, with the circle, in order.
func TestEachChangeIsAnEvent(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		p, q := b.producer(), b.queue(Options{Worker: "w", Caps: Caps{Channels: map[string]int{"one": 1}}, Crashes: 2})
		ctx := t.Context()
		submit := func(s Submission) Ref {
			t.Helper()
			s.Circle, s.Type = alice, "osis"
			ref, err := p.Submit(ctx, &s)
			require.NoError(t, err)
			return ref
		}
		due := func(ref Ref) {
			t.Helper()
			n, err := rdb.ZAddArgs(ctx, scopeShared+inDue, redis.ZAddArgs{XX: true, Ch: true, Members: []redis.Z{{Member: memberOf(osis, ref.ID), Score: 1}}}).Result()
			require.NoError(t, err)
			require.EqualValues(t, 1, n)
		}
		for _, c := range []struct {
			name string
			do   func(t *testing.T) []Event
		}{
			{"a failure, a retry by the worker, success", func(t *testing.T) []Event {
				ref := submit(Submission{Job: job.Job{Retries: 1}})
				claim := b.one(q, ref.ID)
				require.NoError(t, q.Note(ctx, claim, Note{Progress: "half"}))
				require.NoError(t, q.Finish(ctx, claim, &job.Result{End: job.Trap}))
				due(ref)
				b.finish(q, b.one(q, ref.ID), "42")
				return []Event{{Kind: EventSubmitted}, {Kind: EventStarted, Worker: "w", Attempt: 1}, {Kind: EventProgress, Progress: "half"},
					{Kind: EventRetry, End: job.Trap}, {Kind: EventStarted, Worker: "w", Attempt: 2}, {Kind: EventEnded, End: job.Success}}
			}},
			{"retries used up", func(t *testing.T) []Event {
				ref := submit(Submission{Job: job.Job{Retries: 1}})
				for range 2 {
					require.NoError(t, q.Finish(ctx, b.one(q, ref.ID), &job.Result{End: job.Trap}))
					if b.get(ref.ID)["status"] != "error" {
						due(ref)
					}
				}
				return []Event{{Kind: EventSubmitted}, {Kind: EventStarted, Worker: "w", Attempt: 1}, {Kind: EventRetry, End: job.Trap},
					{Kind: EventStarted, Worker: "w", Attempt: 2}, {Kind: EventDead, Reason: "failed 2 times, at last with trap"}, {Kind: EventEnded, End: job.Trap}}
			}},
			{"cancelled while it waits, retried by hand, removed", func(t *testing.T) []Event {
				ref := submit(Submission{})
				_, err := p.Cancel(ctx, ref, "not needed")
				require.NoError(t, err)
				b.none(q)
				require.NoError(t, p.Retry(ctx, ref))
				b.finish(q, b.one(q, ref.ID), "42")
				require.NoError(t, p.Remove(ctx, ref))
				return []Event{{Kind: EventSubmitted}, {Kind: EventEnded, End: job.Cancelled}, {Kind: EventDispatched},
					{Kind: EventStarted, Worker: "w", Attempt: 1}, {Kind: EventEnded, End: job.Success}, {Kind: EventRemoved}}
			}},
			{"handed back, then cancelled while it runs", func(t *testing.T) []Event {
				ref := submit(Submission{})
				require.NoError(t, q.Release(ctx, []*Claim{b.one(q, ref.ID)}))
				claim := b.one(q, ref.ID)
				_, err := p.Cancel(ctx, ref, "too slow")
				require.NoError(t, err)
				require.NoError(t, q.Finish(ctx, claim, &job.Result{End: job.Cancelled}))
				return []Event{{Kind: EventSubmitted}, {Kind: EventStarted, Worker: "w", Attempt: 1}, {Kind: EventReleased, Worker: "w"},
					{Kind: EventStarted, Worker: "w", Attempt: 2}, {Kind: EventCancel, Reason: "too slow"}, {Kind: EventEnded, End: job.Cancelled}}
			}},
			{"workers lost", func(t *testing.T) []Event {
				ref := submit(Submission{})
				for range 2 {
					b.expire(b.one(q, ref.ID))
					b.reap(q)
				}
				return []Event{{Kind: EventSubmitted}, {Kind: EventStarted, Worker: "w", Attempt: 1}, {Kind: EventCrashed, Worker: "w", Crashes: 1},
					{Kind: EventStarted, Worker: "w", Attempt: 2}, {Kind: EventEnded, End: job.WorkerLost}, {Kind: EventDead, Reason: "worker lost 2 times"}}
			}},
			{"waits for another", func(t *testing.T) []Event {
				first := submit(Submission{})
				second := submit(Submission{After: []string{first.ID}})
				claim := b.one(q, first.ID)
				b.finish(q, claim, "1")
				b.finish(q, b.one(q, second.ID), "2")
				return []Event{{Kind: EventSubmitted}, {Kind: EventSubmitted}, {Kind: EventStarted, Worker: "w", Attempt: 1}, {Kind: EventWaiting},
					{Kind: EventEnded, End: job.Success}, {Kind: EventStarted, Worker: "w", Attempt: 1}, {Kind: EventEnded, End: job.Success}}
			}},
			{"its channel is full", func(t *testing.T) []Event {
				first, second := submit(Submission{Channel: "one"}), submit(Submission{Channel: "one"})
				b.finish(q, b.one(q, first.ID), "1")
				b.finish(q, b.one(q, second.ID), "2")
				return []Event{{Kind: EventSubmitted}, {Kind: EventSubmitted}, {Kind: EventStarted, Worker: "w", Attempt: 1},
					{Kind: EventHeld, Channel: "channel/alice/one"}, {Kind: EventEnded, End: job.Success},
					{Kind: EventStarted, Worker: "w", Attempt: 1}, {Kind: EventEnded, End: job.Success}}
			}},
			{"later", func(t *testing.T) []Event {
				at := time.UnixMilli(time.Now().Add(time.Hour).UnixMilli())
				submit(Submission{At: at})
				return []Event{{Kind: EventSubmitted, At: at}}
			}},
		} {
			t.Run(c.name, func(t *testing.T) {
				b.T = t
				events, err := p.Events(soon(t), EventsFrom{Circle: alice})
				require.NoError(t, err)
				want := c.do(t)
				got := b.take(events, len(want))
				for i, e := range got {
					require.NotEmpty(t, e.Job.ID)
					if e.Kind == EventRetry {
						require.WithinRange(t, e.At, e.Time, e.Time.Add(time.Minute))
						e.At = time.Time{}
					}
					require.True(t, strings.HasPrefix(osis, e.Queue), e.Queue)
					want[i].Dialect, want[i].Circle = Hero, alice
					e.ID, e.Time, e.Job, e.Queue = "", time.Time{}, Ref{}, ""
					require.Equal(t, want[i], e, "%v", kindsOf(got))
				}
			})
		}
	})
}

// An event names its job so that it can be read, in each dialect.
func TestEventsByDialect(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, dialect := range Dialects() {
			t.Run(dialect, func(t *testing.T) {
				ctx := soon(t)
				p, err := NewProducer(rdb, dialect)
				require.NoError(t, err)
				q, err := New(rdb, Options{Circles: []string{alice}, Dialects: []string{dialect}})
				require.NoError(t, err)
				events, err := p.Events(ctx, EventsFrom{Circle: alice})
				require.NoError(t, err)
				ref, err := p.Submit(ctx, &Submission{Job: job.Job{Circle: alice, Type: "rhai", Payload: []byte("1")}})
				require.NoError(t, err)
				claims, err := q.Claim(ctx, Wanted{Types: []string{"rhai", "rhaiscript"}}, 1)
				require.NoError(t, err)
				require.Len(t, claims.Jobs, 1)
				require.NoError(t, q.Finish(ctx, claims.Jobs[0], &job.Result{End: job.Success, Output: []byte("1")}))

				got := setup(t, rdb).take(events, 3)
				require.Equal(t, []EventKind{EventSubmitted, EventStarted, EventEnded}, kindsOf(got))
				for _, e := range got {
					require.Equal(t, alice, e.Circle)
					require.Equal(t, dialect, e.Dialect)
					record, err := p.Get(ctx, e.Job)
					require.NoError(t, err)
					require.Equal(t, "1", record.Output())
					require.Equal(t, ref.ID, record.ID)
				}
			})
		}
		t.Run("a scheduled job that was pushed all the same", func(t *testing.T) {
			b := setup(t, rdb)
			at := time.UnixMilli(time.Now().Add(time.Hour).UnixMilli())
			require.NoError(t, rdb.HSet(t.Context(), ownScope(bob)+ownJob+"J", "status", "queued", "payload", "1", "run_at_ms", at.UnixMilli()).Err())
			b.push(ownScope(bob)+ownQueue+"osis", "J")
			events, err := Events(soon(t), rdb, EventsFrom{Dialect: Henge, Circle: bob})
			require.NoError(t, err)
			b.none(b.queue(Options{Circles: []string{bob}}))
			e := b.take(events, 1)[0]
			require.Equal(t, EventScheduled, e.Kind)
			require.Equal(t, at, e.At)
			require.Equal(t, Ref{ID: "J", Circle: bob}, e.Job)
		})
		t.Run("an id that no job goes with", func(t *testing.T) {
			b := setup(t, rdb)
			events, err := Events(soon(t), rdb, EventsFrom{})
			require.NoError(t, err)
			b.push(osis, "")
			b.none(b.queue(Options{}))
			e := b.take(events, 1)[0]
			require.Equal(t, EventDead, e.Kind)
			require.Contains(t, e.Reason, "0 bytes long")
		})
	})
}

func TestEventsPlaces(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		p := b.producer()
		ctx := soon(t)
		submit := func() Ref {
			ref, err := p.Submit(ctx, &Submission{Job: job.Job{Circle: alice, Type: "osis"}})
			require.NoError(t, err)
			return ref
		}
		refs := []Ref{submit(), submit(), submit(), submit()}
		from := func(after string) iter.Seq2[Event, error] {
			events, err := p.Events(ctx, EventsFrom{After: after})
			require.NoError(t, err)
			return events
		}
		now := from("")
		oldest := b.take(from(EventsOldest), 4)
		for i, e := range oldest {
			require.Equal(t, refs[i], e.Job)
		}
		require.Equal(t, oldest[2:], b.take(from(oldest[1].ID), 2))
		require.NoError(t, rdb.XAdd(ctx, &redis.XAddArgs{Stream: scopeShared + inEvents, Values: []any{"odd", "\xff"}}).Err())
		last := submit()
		require.Equal(t, last, b.take(now, 1)[0].Job, "neither the old nor the odd one")

		t.Run("cut off", func(t *testing.T) {
			events := from(oldest[0].ID)
			require.NoError(t, rdb.XTrimMaxLen(ctx, scopeShared+inEvents, 1).Err())
			next, stop := iter.Pull2(events)
			defer stop()
			_, err, _ := next()
			require.ErrorIs(t, err, ErrEventsLost)
			e, err, _ := next()
			require.NoError(t, err)
			require.Equal(t, last, e.Job)
		})
		t.Run("cut off while reading", func(t *testing.T) {
			next, stop := iter.Pull2(from(""))
			defer stop()
			submit()
			_, err, _ := next()
			require.NoError(t, err)
			submit()
			submit()
			require.NoError(t, rdb.XTrimMaxLen(ctx, scopeShared+inEvents, 1).Err())
			_, err, _ = next()
			require.ErrorIs(t, err, ErrEventsLost)
			_, err, _ = next()
			require.NoError(t, err)
		})
		t.Run("ctx ends", func(t *testing.T) {
			short, cancel := context.WithCancelCause(ctx)
			events, err := p.Events(short, EventsFrom{})
			require.NoError(t, err)
			enough := errors.New("enough")
			time.AfterFunc(50*time.Millisecond, func() { cancel(enough) })
			n := 0
			for _, err := range events {
				require.ErrorIs(t, err, enough)
				n++
			}
			require.Equal(t, 1, n)
		})
		for _, bad := range []EventsFrom{
			{After: "yesterday"}, {After: "$"}, {Circle: "a b"}, {Dialect: Henge}, {Dialect: "other"}, {Dialect: HeroJobs, Circle: "?"},
		} {
			_, err := Events(ctx, rdb, bad)
			require.Error(t, err, "%+v", bad)
		}
	})
}

// A reader whose connections are cut has each event once.
func TestEventsOutlastCutConnections(t *testing.T) {
	rdb := redistest.Real(t)
	b := setup(t, rdb)
	p := b.producer()
	events, err := p.Events(soon(t), EventsFrom{})
	require.NoError(t, err)
	const n = 200
	done := make(chan error, 1)
	go func() {
		for i := range n {
			if _, err := p.Submit(t.Context(), &Submission{Job: job.Job{ID: numbered("J", n)[i], Circle: alice, Type: "osis"}}); err != nil && !errors.Is(err, ErrExists) {
				done <- err
				return
			}
			if i%20 == 0 {
				_ = rdb.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err()
			}
		}
		done <- nil
	}()
	for i, e := range b.take(events, n) {
		require.Equal(t, numbered("J", n)[i], e.Job.ID)
	}
	require.NoError(t, <-done)
}

// What many jobs did in one call is told in few entries, and a reader that
// stopped in the middle of one goes on there.
func TestEventsOfManyJobsInOneEntry(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{Worker: "w"})
		const n = 20
		var want []string
		for i := range n {
			circle := []string{alice, bob}[i%2]
			want = append(want, b.put(map[string]string{"context_id": circle, "caller_id": circle}))
		}
		claims := b.claims(q, n)
		require.Len(t, claims.Jobs, n)
		require.EqualValues(t, 2, rdb.XLen(t.Context(), scopeShared+inEvents).Val())

		all, err := EventsKept(t.Context(), rdb, EventsFrom{Dialect: Hero})
		require.NoError(t, err)
		require.Len(t, all, n)
		started := map[string]Event{}
		for _, e := range all {
			require.Equal(t, Event{ID: e.ID, Time: e.Time, Kind: EventStarted, Job: e.Job, Dialect: Hero, Queue: osis, Circle: e.Circle, Worker: "w", Attempt: 1}, e)
			require.Equal(t, b.get(e.Job.ID)["context_id"], e.Circle)
			started[e.Job.ID] = e
		}
		require.ElementsMatch(t, want, slices.Collect(maps.Keys(started)))
		for i, e := range all {
			rest, err := EventsKept(t.Context(), rdb, EventsFrom{Dialect: Hero, After: e.ID})
			require.NoError(t, err)
			require.Equal(t, all[i+1:], append([]Event{}, rest...), "behind %s", e.ID)
		}
		ofBob, err := EventsKept(t.Context(), rdb, EventsFrom{Circle: bob})
		require.NoError(t, err)
		require.Len(t, ofBob, n/2)
		for _, bad := range []string{"7", "7-x", "7-1.0", "7-1.", "7-1.x", "7-1.2.3"} {
			_, err := EventsKept(t.Context(), rdb, EventsFrom{After: bad})
			require.ErrorContains(t, err, "is not the id of an event", bad)
		}
	})
}

// Entries are anybody's to write: one that is odd says little, and hides nothing.
func TestOddEntriesOfEvents(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		stream := scopeShared + inEvents
		for _, fields := range [][]string{
			{"no", "id"},
			{"id", "1", "circle", alice, "event", "started", "dialect", Hero, "queue", osis}, // in another order
			{"event", "ended", "id", "2", "end", "no such end", "at_ms", "x", "attempt", "-"},
			{"id", "3", "id", "4"},
		} {
			require.NoError(t, rdb.XAdd(t.Context(), &redis.XAddArgs{Stream: stream, Values: fields}).Err())
		}
		all, err := EventsKept(t.Context(), rdb, EventsFrom{})
		require.NoError(t, err)
		var ids []string
		for _, e := range all {
			ids = append(ids, e.Job.ID)
		}
		require.Equal(t, []string{"1", "2", "3", "4"}, ids)
		require.Equal(t, EventStarted, all[0].Kind)
		require.Equal(t, alice, all[0].Circle)
		require.Equal(t, osis, all[0].Queue)

		// A reader passes over more of them than it reads at once, and waits behind
		// the last one.
		_, err = rdb.Pipelined(t.Context(), func(pipe redis.Pipeliner) error {
			for range 2*eventsInBatch + 1 {
				pipe.XAdd(t.Context(), &redis.XAddArgs{Stream: stream, Values: []string{"no", "id"}})
			}
			return nil
		})
		require.NoError(t, err)
		r, err := openEvents(t.Context(), rdb, EventsFrom{After: all[3].ID})
		require.NoError(t, err)
		none, lost, err := r.batch(t.Context())
		require.NoError(t, err)
		require.Empty(t, none)
		require.False(t, lost)
		require.Equal(t, rdb.XRevRangeN(t.Context(), stream, "+", "-", 1).Val()[0].ID, r.last.entry)
		require.NoError(t, rdb.XAdd(t.Context(), &redis.XAddArgs{Stream: stream, Values: []string{"id", "5"}}).Err())
		behind, err := EventsKept(t.Context(), rdb, EventsFrom{After: all[3].ID})
		require.NoError(t, err)
		require.Len(t, behind, 1)
	})
}
