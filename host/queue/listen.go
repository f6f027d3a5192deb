package queue

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// mastersEvery is how often a cluster is asked which of its servers are
// masters.
const mastersEvery = 5 * time.Second

// listening says whether every push is told of.
func (w *Waker) listening() bool {
	n := w.masters.Load()
	return n > 0 && w.connected.Load() == n
}

// listen keeps a watching connection until ctx ends.
func (w *Waker) listen(ctx context.Context, opts *redis.Options) {
	const first, most = 20 * time.Millisecond, 5 * time.Second
	delay, away := first, false
	for ctx.Err() == nil {
		connected := false
		err := watchKeys(ctx, opts, w.queue.watched(), func() {
			if away {
				w.log.Info("wake-ups: connected again")
			}
			delay, away = first, false
			connected = true
			w.connected.Add(1)
			w.queue.lookNow() // what came while nobody listened
			w.wake()
			if w.listening() {
				w.markReady()
			}
		}, func(keys []any) {
			for _, key := range keys {
				if name, _ := key.(string); w.concerns(name) {
					w.wake()
				}
			}
			if keys == nil { // the whole database was flushed
				w.queue.lookNow()
				w.wake()
			}
		})
		if connected {
			w.connected.Add(-1)
		}
		if ctx.Err() != nil {
			return
		}
		w.queue.lookNow()
		w.wake()
		if errors.Is(err, errNotOffered) {
			level := slog.LevelDebug
			if strings.Contains(err.Error(), "NOPERM") {
				level = slog.LevelWarn // somebody may grant it
			}
			w.log.Log(ctx, level, "wake-ups: polling, since this Redis does not offer CLIENT TRACKING", "every", pollUnwatched, "err", err)
			w.markReady()
			return
		}
		if !away {
			w.log.Warn("wake-ups: connection lost, polling until it is back", "every", pollUnwatched, "err", err)
			away = true
		}
		if sleep(ctx, delay/2+time.Duration(w.rand()*float64(delay/2))) != nil {
			return
		}
		delay = min(2*delay, most)
	}
}

// listenToMasters keeps a watching connection to each master of a cluster until
// ctx ends. A replica may take over, and servers may come and go.
func (w *Waker) listenToMasters(ctx context.Context, client *redis.ClusterClient) {
	stop := map[string]context.CancelFunc{}
	var all sync.WaitGroup
	defer all.Wait()
	for ctx.Err() == nil {
		var mu sync.Mutex
		masters := map[string]*redis.Options{}
		err := client.ForEachMaster(ctx, func(_ context.Context, one *redis.Client) error {
			mu.Lock()
			defer mu.Unlock()
			masters[one.Options().Addr] = one.Options()
			return nil
		})
		if err == nil {
			w.masters.Store(int32(len(masters)))
			for addr, end := range stop {
				if masters[addr] == nil {
					end()
					delete(stop, addr)
				}
			}
			for addr, opts := range masters {
				if stop[addr] == nil {
					one, end := context.WithCancel(ctx)
					stop[addr] = end
					all.Go(func() { w.listen(one, opts) })
				}
			}
		}
		_ = sleep(ctx, mastersEvery)
	}
	for _, end := range stop {
		end()
	}
}
