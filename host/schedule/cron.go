package schedule

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// MaxCron is the longest cron expression, in bytes.
const MaxCron = 256

// cronFields are those of an expression with seconds.
var cronFields = [...]struct {
	name, example string
	largest       int
}{
	{"second", "0 or */10", 59},
	{"minute", "30 or */15", 59},
	{"hour", "9 or 9-17", 23},
	{"day of month", "1 or 1,15", 31},
	{"month", "1-6 or jan-jun", 12},
	{"day of week", "mon-fri or 1-5, Sunday is 0 or sun", 6},
}

// cronPart is one of the parts between the commas of a field. The parser takes
// more: it reads "*-x" as "*", a list without parts as no time at all, for
// which its search then runs for many seconds.
var cronPart = regexp.MustCompile(`^([*?]|[0-9A-Za-z]+(-[0-9A-Za-z]+)?)(/([0-9]+))?$`)

// parseCron reads an expression, to be evaluated on wall-clock times. Every
// expression that it accepts has a tick.
func parseCron(text string) (*cron.SpecSchedule, error) {
	if len(text) > MaxCron {
		return nil, fmt.Errorf("cron has %d bytes, at most %d are read", len(text), MaxCron)
	}
	if strings.Contains(text, "=") {
		return nil, fmt.Errorf("cron %+.40q holds an assignment: the zone is a field of its own, e.g. zone Europe/Berlin", text)
	}
	fields := strings.Fields(text)
	parser := cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	if len(fields) > 0 && strings.HasPrefix(fields[0], "@") {
		if fields[0] == "@every" {
			return nil, fmt.Errorf("cron %+.40q: intervals are a field of their own, e.g. every 15m", text)
		}
		parsed, err := parser.Parse(strings.Join(fields, " "))
		if err != nil {
			return nil, fmt.Errorf("cron %+.40q is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly", text)
		}
		return onWallClock(parsed)
	}
	if len(fields) == len(cronFields)-1 {
		fields = append([]string{"0"}, fields...)
	}
	if len(fields) != len(cronFields) {
		return nil, fmt.Errorf("cron %+.40q has %d fields, and needs minute, hour, day of month, month, day of week, e.g. 30 9 * * mon-fri, or a field for the second before them", text, len(fields))
	}
	for i, field := range fields {
		if err := checkCronField(parser, i, field); err != nil {
			f := cronFields[i]
			return nil, fmt.Errorf("cron: %s %+.40q: %w, e.g. %s", f.name, field, err, f.example)
		}
	}
	parsed, err := parser.Parse(strings.Join(fields, " "))
	if err != nil {
		return nil, fmt.Errorf("cron %+.40q: %w", text, err)
	}
	s, err := onWallClock(parsed)
	if err != nil {
		return nil, err
	}
	if _, ok := nextWall(s, 0); !ok {
		return nil, fmt.Errorf("cron %+.40q names a day that no month has, such as 30 February, e.g. 0 9 28 2 *", text)
	}
	return s, nil
}

// checkCronField looks at one field alone, since the parser's errors do not say
// which field they are about.
func checkCronField(parser cron.Parser, i int, field string) error {
	for part := range strings.SplitSeq(field, ",") {
		m := cronPart.FindStringSubmatch(part)
		if m == nil {
			return errors.New("a list needs parts such as *, 5, 1-5 or */5 between its commas")
		}
		// The parser would take 90 for minutes, and mean every hour.
		if step, err := strconv.Atoi(m[4]); m[4] != "" && (err != nil || step > cronFields[i].largest) {
			return fmt.Errorf("a step is at most %d here, longer intervals are every's", cronFields[i].largest)
		}
	}
	alone := []string{"*", "*", "*", "*", "*", "*"}
	alone[i] = field
	_, err := parser.Parse(strings.Join(alone, " "))
	return err
}

// onWallClock makes a schedule count in UTC, which stands for the wall clock of
// any zone here: the library's own handling of changes drops ticks, and goes
// wrong where clocks change by half an hour.
func onWallClock(parsed cron.Schedule) (*cron.SpecSchedule, error) {
	s, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("cron: the parser gave an unexpected %T", parsed)
	}
	s.Location = time.UTC
	return s, nil
}

// nextWall is the first time on a wall clock, not before from, that s names.
// Wall times are seconds, as if the clock showed UTC.
func nextWall(s *cron.SpecSchedule, from int64) (int64, bool) {
	start := time.Unix(from-1, 0).UTC()
	t := s.Next(start)
	if t.IsZero() {
		// The search ends after five years, but there are eight between the
		// 29th of February of 2096 and the next.
		t = s.Next(time.Date(start.Year()+5, time.December, 31, 23, 59, 59, 0, time.UTC))
	}
	return t.Unix(), !t.IsZero()
}
