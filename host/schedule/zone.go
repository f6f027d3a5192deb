package schedule

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// maxZone is more than the longest name in the IANA database, in bytes.
const maxZone = 64

func parseZone(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	// These mean something else on each machine, or count leap seconds.
	own := name == "Local" || name == "localtime" || name == "posixrules"
	if own || strings.HasPrefix(name, "posix/") || strings.HasPrefix(name, "right/") || len(name) > maxZone {
		return nil, fmt.Errorf("zone %+.40q is not an IANA name, e.g. Europe/Berlin", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("zone %+.40q is not known here, use an IANA name such as Europe/Berlin", name)
	}
	return loc, nil
}

func parseCronIn(text, zone string) (ticker, error) {
	loc, err := parseZone(zone)
	if err != nil {
		return nil, err
	}
	expr, err := parseCron(text)
	if err != nil {
		return nil, err
	}
	const allHours = 1<<24 - 1
	return zoned{expr, loc, expr.Hour&allHours == allHours}, nil
}

// zoned is a cron expression on the wall clock of a zone.
type zoned struct {
	expr *cron.SpecSchedule
	loc  *time.Location
	// everyHour is whether changes of the clock count as elapsed time, see
	// Spec.Cron.
	everyHour bool
}

// next walks through the periods between changes of the clock. Within one, wall
// and elapsed time differ by a constant, so the search for a match is arithmetic
// on one calendar; only the borders need a rule.
func (z zoned) next(after int64) (int64, bool) {
	p := periodAt(z.loc, after) // not of after+1, which may be the end of a gap
	from := after + 1 + p.offset
	if !z.everyHour {
		// The second pass of a repeated hour has had its ticks.
		from = max(from, p.start+p.before)
	}
	wall, ok := nextWall(z.expr, from)
	for ok {
		if wall-p.offset < p.end {
			return wall - p.offset, true
		}
		change := p.end
		p = periodAt(z.loc, change)
		from = change + p.offset
		switch {
		case z.everyHour: // times may come again, or be skipped
			wall, ok = nextWall(z.expr, from)
		case wall < from: // the clock skips it
			return change, true
		}
	}
	return 0, false
}

// period is a stretch of Unix time, end excluded, in which a zone's offset from
// UTC is constant. All are in seconds.
type period struct {
	start, end     int64
	offset, before int64 // before is the offset just before start
}

func periodAt(loc *time.Location, unix int64) period {
	t := time.Unix(unix, 0).In(loc)
	p := period{start: math.MinInt64 / 2, end: math.MaxInt64}
	_, offset := t.Zone()
	p.offset, p.before = int64(offset), int64(offset)
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		p.start = start.Unix()
		_, before := start.Add(-time.Second).Zone()
		p.before = int64(before)
	}
	if !end.IsZero() {
		p.end = end.Unix()
	}
	if p.end <= unix {
		// Where a zone goes on by a rule, the package time lets years end after
		// 365 days. On the last day of a leap year nothing changes any more.
		p.end = time.Date(t.UTC().Year()+1, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()
	}
	return p
}
