package schedule

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// MaxText is the longest text that ParseSpec reads, in bytes.
const MaxText = 512

// Spec is a schedule as it is written down. Exactly one of At, Every and Cron
// is set. The zero value is not valid.
type Spec struct {
	// At is the only tick: RFC 3339, to the second, such as
	// 2027-01-31T09:00:00Z.
	At string `json:"at,omitempty"`
	// Every is the interval between ticks, as time.ParseDuration reads it:
	// whole seconds, at least 1s. Ticks are the multiples of the interval since
	// 1970-01-01T00:00:00Z, whenever the schedule was made. So workers agree
	// without a time to remember, and changing anything else about a schedule
	// does not move its ticks. The first tick comes sooner than one interval.
	Every string `json:"every,omitempty"`
	// Cron is an expression of 5 fields (minute, hour, day of month, month, day
	// of week), or 6 with seconds first, or one of @yearly, @annually,
	// @monthly, @weekly, @daily, @midnight and @hourly. If both days are
	// restricted, either is enough, as in cron.
	//
	// Where clocks change, an expression that admits all 24 hours follows the
	// elapsed time: it has ticks in both passes of a repeated hour, and none
	// for times that the clock skips. Any other has one tick for each time that
	// it names: in the first pass, and for skipped times one tick in all at the
	// moment of the change.
	Cron string `json:"cron,omitempty"`
	// Zone is the IANA name of the time zone of Cron, such as Europe/Berlin.
	// Empty is UTC.
	Zone string `json:"zone,omitempty"`
}

// ParseSpec reads what String writes: "at 2027-01-31T09:00:00Z", "every 15m",
// or "cron 0 9 * * mon-fri", the last also with " zone Europe/Berlin" behind
// it. The result is valid.
func ParseSpec(text string) (Spec, error) {
	if len(text) > MaxText {
		return Spec{}, fmt.Errorf("schedule has %d bytes, at most %d are read", len(text), MaxText)
	}
	words := strings.Fields(text)
	if len(words) == 0 {
		return Spec{}, errors.New("schedule is empty, e.g. every 15m")
	}
	kind, words := words[0], words[1:]
	var s Spec
	if n := len(words); n >= 2 && words[n-2] == "zone" {
		s.Zone = words[n-1]
		words = words[:n-2]
	}
	value := strings.Join(words, " ")
	switch kind {
	case "at":
		s.At = value
	case "every":
		s.Every = value
	case "cron":
		s.Cron = value
	default:
		return Spec{}, fmt.Errorf("schedule %+.40q does not begin with at, every or cron, e.g. every 15m", text)
	}
	if err := s.Validate(); err != nil {
		return Spec{}, err
	}
	return s, nil
}

// String is the form that ParseSpec reads, with single spaces.
func (s Spec) String() string {
	var words []string
	for _, f := range []struct{ name, value string }{
		{"at", s.At}, {"every", s.Every}, {"cron", s.Cron}, {"zone", s.Zone},
	} {
		if f.value != "" {
			words = append(append(words, f.name), strings.Fields(f.value)...)
		}
	}
	return strings.Join(words, " ")
}

// Validate says what is wrong with s, naming the field. It is nil exactly if
// Compile succeeds.
func (s Spec) Validate() error {
	_, err := s.Compile()
	return err
}

// Compile checks s and makes it ready for questions.
func (s Spec) Compile() (Schedule, error) {
	set := 0
	for _, v := range []string{s.At, s.Every, s.Cron} {
		if v != "" {
			set++
		}
	}
	if set != 1 {
		return Schedule{}, fmt.Errorf("schedule has %d of at, every and cron, and needs exactly one, e.g. every 15m", set)
	}
	if s.Zone != "" && s.Cron == "" {
		return Schedule{}, errors.New("zone is for cron alone: at carries its offset (2027-01-31T09:00:00+01:00), every counts in UTC")
	}
	var t ticker
	var err error
	switch {
	case s.At != "":
		t, err = parseAt(s.At)
	case s.Every != "":
		t, err = parseEvery(s.Every)
	default:
		t, err = parseCronIn(s.Cron, s.Zone)
	}
	if err != nil {
		return Schedule{}, err
	}
	return Schedule{t}, nil
}

// rfc3339 is its form. time.Parse also takes hours of one digit, fractions
// behind a comma, and offsets of more than a day.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

func parseAt(text string) (ticker, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || !rfc3339.MatchString(text) {
		return nil, fmt.Errorf("at %+.40q is not RFC 3339, e.g. 2027-01-31T09:00:00Z", text)
	}
	if t.Nanosecond() != 0 {
		return nil, fmt.Errorf("at %+.40q has a fraction of a second, ticks are whole seconds, e.g. 2027-01-31T09:00:00Z", text)
	}
	if !t.After(earliest) || t.After(latest) {
		return nil, fmt.Errorf("at %+.40q is outside the years 1 to 9999 in UTC, e.g. 2027-01-31T09:00:00Z", text)
	}
	return at(t.Unix()), nil
}

func parseEvery(text string) (ticker, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil, fmt.Errorf("every %+.40q is not a duration, e.g. 30s, 15m or 24h", text)
	}
	if d < time.Second || d%time.Second != 0 {
		return nil, fmt.Errorf("every %+.40q is not whole seconds, at least 1s, e.g. 30s", text)
	}
	return every(d / time.Second), nil
}
