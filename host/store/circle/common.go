package circle

import (
	"fmt"
	"math"
	"time"

	"github.com/henge-run/henge/host/job"
)

// Member is the name under which a store keeps a caller: that of a public key
// in lower case, any other as it is.
func Member(caller string) string {
	if name, err := job.ParseCircle(caller); err == nil {
		return name
	}
	return caller
}

// Following returns the first key behind all that have a prefix; nil where
// there is none.
func Following(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < math.MaxUint8 {
			end := append([]byte(nil), prefix[:i+1]...)
			end[i]++
			return end
		}
	}
	return nil
}

// Recalled is the result of an attempt that was committed before, and says so.
func Recalled(now time.Time, attempt int64, output []byte) *job.Result {
	return &job.Result{End: job.Success, Output: output, Log: []job.LogLine{{
		Time: now, Level: job.Info,
		Text: fmt.Sprintf("attempt %d had succeeded already, and its result was kept with what it had changed", attempt),
	}}}
}
