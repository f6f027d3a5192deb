package queue

import (
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Ended is a job that has ended, as it stood in Redis when it was taken. Its
// Circle is the name as the job's keys and fields have it, checked by nobody.
type Ended struct {
	Record
	Dialect string
	List    string
	At      time.Time // when it ended, by the server's clock
}

// endedIn reads an entry of a stream: see record_end in lua/common.lua.
func endedIn(d dialect, e redis.XMessage) (Ended, bool) {
	member, _ := e.Values["job"].(string)
	rest, ok := strings.CutPrefix(member, d.name()+"|")
	list, id, hasID := strings.Cut(rest, "|")
	ms, _, _ := strings.Cut(e.ID, "-")
	at, err := strconv.ParseInt(ms, 10, 64)
	if !ok || !hasID || err != nil {
		return Ended{}, false
	}
	return Ended{Record: Record{Ref: RefIn(d.name(), list, id)}, Dialect: d.name(), List: list, At: time.UnixMilli(at)}, true
}

// RefIn returns the name of a job of a dialect that waited in a list.
func RefIn(dialect, list, id string) Ref {
	r := Ref{ID: id}
	switch dialect {
	case Henge:
		r.Circle = circleOfOwn(list)
	case HeroJobs:
		r.Circle, r.Topic, _ = strings.Cut(strings.TrimPrefix(list, herojobsList), ":")
	}
	return r
}

// InHistory returns the circle and the list under which a job is kept when it
// has ended; empty for any.
func (p *Producer) InHistory(r Ref) (circle, list string, err error) {
	if p.dialect.name() != HeroJobs || r.Circle == "" {
		return r.Circle, "", nil
	}
	at, err := p.dialect.place(r, nil)
	return fixName(r.Circle), at.list, err
}

// InCircle returns the circle that the job ran in, as its list names it where
// the job does not.
func (e Ended) InCircle() string {
	circle := e.Record.InCircle()
	switch {
	case e.Dialect == HeroJobs:
		circle = fixName(circle)
	case e.Dialect == Rhailib && circle == "":
		circle = strings.TrimPrefix(e.List, rhailibList)
	}
	return circle
}

// Type returns the script type, as the list names it where the job does not.
func (e Ended) Type() string {
	t := e.Record.Type()
	switch {
	case t != "":
	case e.Dialect == Rhailib:
		t = rhailibType
	case e.Dialect == Hero:
		t, _, _ = strings.Cut(strings.TrimPrefix(e.List, heroType), ":")
	case e.Dialect == Henge:
		t = strings.TrimPrefix(e.List, scopeOf(e.List)+ownQueue)
	}
	return t
}
