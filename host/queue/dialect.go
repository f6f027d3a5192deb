package queue

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/henge-run/henge/host/job"
)

// The dialects: wire formats that jobs come in.
const (
	Hero     = "hero"     // Hero actors: hero:job:{id}, hero:q:work:type:{t}
	Rhailib  = "rhailib"  // rhailib workers: rhai_task_details:{id}, rhai_tasks:{circle}
	Henge    = "henge"    // henge's own: henge:{C}:job:{id}, henge:{C}:q:{type}
	HeroJobs = "herojobs" // herojobs managers: herojobs:{circle}:{topic}:{id}, heroqueue:{circle}:{topic}
)

// Dialects returns the names of all dialects, in the order in which a worker
// looks at their lists.
func Dialects() []string {
	var names []string
	for _, d := range allDialects() {
		names = append(names, d.name())
	}
	return names
}

// dialect is what Go has to know of a wire format; how jobs are read and
// written in Redis is in the file of its name in the lua folder.
type dialect interface {
	name() string

	// lists returns the lists that a worker serves, as far as their names
	// are known without looking.
	lists(w Wanted, circles []string) ([]list, error)

	// find says which list that is served for w a key stands for, and for
	// which circle, empty for any; false for a key that says nothing.
	find(key string, w Wanted) (list, bool)

	// watched are the prefixes of the keys that find is for, and patterns
	// those under which lists of unknown names may be found.
	watched(circles []string) []string
	patterns() []string

	// allLists are the patterns of all lists of the dialect, and listOf says
	// which list of jobs a key is, or is a part of; false for none.
	allLists() []string
	listOf(key string) (string, bool)

	// typeOf is the type of the jobs in a list, empty where they say it alone.
	typeOf(list string) string

	// read fills in a claim from the fields that the script hands out. What
	// the producer wrote wrongly becomes the claim's Refusal.
	read(c *Claim, fields given, w Wanted)

	// jobs is the pattern of the keys of jobs, of one circle if the keys say
	// so, and ref the name of the job that a key is of.
	jobs(circle string) string
	ref(key string) Ref

	// newID returns an id that no other job has.
	newID() (uuid.UUID, error)

	// place says where a job is or is to be.
	place(r Ref, j *job.Job) (place, error)

	// fields returns a new job's fields and values but those that the script
	// writes.
	fields(j *Submission) ([]any, error)
}

// scoped is a dialect whose circles have sets of henge's own each. A worker of
// all circles that never saw a list of one has to look after its sets too: a job
// may be in them alone.
type scoped interface {
	// shows returns any list of the circle that a key of such a set is of, and
	// sets the pattern of these keys.
	shows(key string, w Wanted) (list, bool)
	sets() string
}

// list is a list in Redis from which jobs are taken.
type list struct {
	name    string
	dialect dialect
	circle  string // whose jobs are in it; empty for those of many circles
	tier    int    // those of a lower tier are served first
}

// The tiers: lists of one instance, of a group, and of anybody.
const (
	tierInstance = iota
	tierGroup
	tierAny
)

// place is where a job is in Redis.
type place struct {
	list  string // where it waits, or any list from which the script finds the job
	key   string // the job itself
	own   string // the hash of henge's own fields where these are apart from the job; empty for none
	log   string // the list of its log
	scope string // the prefix of henge's keys that go with it
}

func allDialects() []dialect { return []dialect{hero{}, rhailib{}, own{}, herojobs{}} }

// dialectsNamed returns the dialects of these names, all for none.
func dialectsNamed(names []string) ([]dialect, error) {
	all := allDialects()
	if len(names) == 0 {
		return all, nil
	}
	var found []dialect
	for _, name := range names {
		i := slices.IndexFunc(all, func(d dialect) bool { return d.name() == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no dialect %.40q; there are %s", name, strings.Join(Dialects(), ", "))
		}
		if !slices.Contains(found, all[i]) {
			found = append(found, all[i])
		}
	}
	return found, nil
}

// scopeShared is where henge's keys are for all dialects but its own.
const scopeShared = "henge:"

// isListName says whether a list of this name can be served: '|' separates the
// parts of a lease's name.
func isListName(name string) bool {
	return len(name) <= maxListName && !strings.ContainsAny(name, "|\x00\r\n")
}

const maxListName = 1024
