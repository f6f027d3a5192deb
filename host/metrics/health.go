package metrics

import (
	"fmt"
	"net/http"
	"time"

	"github.com/henge-run/henge/host/worker"
)

// health says why a worker had better be started anew, empty for all is well.
// That Redis is away is no reason: it would be away for the next one too.
func health(s worker.State, now time.Time) string {
	for _, actor := range []struct {
		name string
		at   time.Time
	}{{"dispatcher", s.Dispatched}, {"renewer", s.Renewed}} {
		if s.Stopping || actor.at.IsZero() {
			continue // it ends, or has not begun
		}
		if ago := now.Sub(actor.at); ago > s.Idle {
			return fmt.Sprintf("the %s has not moved for %s", actor.name, ago.Round(time.Second))
		}
	}
	return ""
}

// readiness says why a worker takes no jobs now, empty for it does.
func readiness(s worker.State, now time.Time) string {
	switch {
	case s.Stopping:
		return "the worker is stopping"
	case len(s.Types) == 0:
		return "no module is ready yet"
	case !s.RedisAnswers:
		return "Redis does not answer"
	}
	return health(s, now)
}

func (m *Metrics) answer(why func(worker.State, time.Time) string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		source := m.source.Load()
		text := "the worker has not begun"
		if source != nil {
			text = why(source.State(), time.Now())
		}
		if text != "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, text)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}
