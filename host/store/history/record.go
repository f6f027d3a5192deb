package history

import (
	"fmt"
	"strings"
	"time"

	"github.com/henge-run/henge/host/job"
)

// HeroJobs is the dialect whose jobs are counted per circle and topic.
const HeroJobs = "herojobs"

// MaxWord is the most bytes of each of the short texts of a Record.
const MaxWord = 1024

// Cut says which fields of a Record were longer than what is kept of them.
type Cut uint8

// The fields that may be cut. A Cost that is too long is left out as a whole,
// since half of it is not JSON; of the others the beginning is kept.
const (
	CutOutput Cut = 1 << iota
	CutPayload
	CutRaw
	CutError
	CutCost
	CutWord // Type, Caller, Worker or Status
)

// Record is a run of a job that ended. Dialect, Circle, Queue, ID and Run say
// which; texts come from producers, so print them with care.
type Record struct {
	Dialect string
	Circle  string // returned in its canonical form
	Topic   string // in the dialect herojobs, empty in others
	Type    string
	Queue   string
	ID      string
	Run     int64
	Caller  string
	Worker  string

	Status  string // the dialect's word
	End     job.End
	Error   string
	Attempt int64 // a lower one never replaces a higher one

	// Times are kept to the millisecond and returned in UTC. Ended, where it
	// is zero, becomes the time of Put, since Prune and List go by it.
	Created, Started, Ended time.Time

	Cost    string // JSON
	Output  []byte
	Payload []byte
	Raw     []byte // the job as it stood in Redis, JSON
	Cut     Cut    // what was cut by Put, or by the caller before
}

// Check says whether Put keeps the record. Its error is an ErrRefused: leave
// the record out of the batch, since Put refuses a batch as a whole.
func (r Record) Check() error {
	if _, err := canonical(r.Circle); err != nil {
		return err
	}
	for _, f := range []struct {
		name, value string
		optional    bool
	}{{"Dialect", r.Dialect, false}, {"Queue", r.Queue, false}, {"ID", r.ID, false}, {"Topic", r.Topic, true}} {
		if f.value == "" && !f.optional || len(f.value) > MaxWord {
			return fmt.Errorf("%w: %s of a record has %d bytes, and may have up to %d", ErrRefused, f.name, len(f.value), MaxWord)
		}
	}
	return nil
}

// bounded returns the record as it is kept.
func (r Record) bounded(most int, now time.Time) Record {
	bytes := func(b []byte, mark Cut) []byte {
		if len(b) <= most {
			return b
		}
		r.Cut |= mark
		return b[:most]
	}
	text := func(s string, most int, mark Cut) string {
		if len(s) <= most {
			return s
		}
		r.Cut |= mark
		// Half a character would be no text.
		return strings.ToValidUTF8(s[:most], "")
	}
	r.Output, r.Payload, r.Raw = bytes(r.Output, CutOutput), bytes(r.Payload, CutPayload), bytes(r.Raw, CutRaw)
	r.Error = text(r.Error, most, CutError)
	r.Type, r.Caller = text(r.Type, MaxWord, CutWord), text(r.Caller, MaxWord, CutWord)
	r.Worker, r.Status = text(r.Worker, MaxWord, CutWord), text(r.Status, MaxWord, CutWord)
	if len(r.Cost) > most {
		r.Cost, r.Cut = "", r.Cut|CutCost
	}
	if r.Ended.IsZero() {
		r.Ended = now
	}
	return r
}

func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMilliseconds(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
