package queue

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Condition is how something is that Checkup has looked at.
type Condition string

// The conditions.
const (
	Good    Condition = "ok"
	Warning Condition = "warning" // jobs run; read why
	Problem Condition = "problem" // jobs do not run, or will be lost
)

// Finding is what Checkup found out.
type Finding struct {
	Check     string // what was looked at
	Condition Condition
	Detail    string // in words; names in it come from producers
}

// checkupTime bounds a whole Checkup, pingTime the wait for a server that may
// not be there.
const (
	checkupTime = 30 * time.Second
	pingTime    = 3 * time.Second
)

// Checkup looks at a Redis as a worker and an operator would: whether it can be
// used, keeps jobs, and what is wrong in it. It changes nothing, and looks at
// keys in small steps. Of a Redis that does not answer it says only that.
func Checkup(ctx context.Context, rdb redis.UniversalClient) []Finding {
	ctx, cancel := context.WithTimeout(ctx, checkupTime)
	defer cancel()
	c := &checkup{rdb: rdb}
	asking, stop := context.WithTimeout(ctx, pingTime)
	defer stop()
	if _, err := within(asking, func() (string, error) { return rdb.Ping(asking).Result() }); err != nil {
		c.add("redis", Problem, "it does not answer: %v", err)
		return c.found
	}
	_, cluster := rdb.(*redis.ClusterClient)
	err := eachServer(ctx, rdb, func(ctx context.Context, one redis.Cmdable) error {
		client, ok := one.(*redis.Client)
		if !ok {
			return nil
		}
		c.server = ""
		if cluster {
			c.server = " " + client.Options().Addr
		}
		c.lookAtServer(ctx, client)
		return nil
	})
	c.server = ""
	if err != nil {
		c.failed("redis", err)
	}
	c.lookAtRights(ctx)
	c.lookAtJobs(ctx)
	return c.found
}

// checkup is what was found so far.
type checkup struct {
	rdb    redis.UniversalClient
	server string // of a cluster, to be named in the check
	found  []Finding
}

func (c *checkup) add(check string, is Condition, format string, args ...any) {
	c.found = append(c.found, Finding{check + c.server, is, fmt.Sprintf(format, args...)})
}

// failed says that something could not be found out.
func (c *checkup) failed(check string, err error) {
	if redis.HasErrorPrefix(err, "NOPERM") {
		c.add(check, Warning, "not known: this user may not ask (%v)", err)
		return
	}
	c.add(check, Problem, "not known: %v", err)
}

// info reads a section of INFO.
func info(ctx context.Context, rdb redis.Cmdable, section string) (map[string]string, error) {
	text, err := rdb.Info(ctx, section).Result()
	if err != nil {
		return nil, err
	}
	facts := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			facts[name] = value
		}
	}
	return facts, nil
}

// some names the first of many.
func some(names []string) string {
	const most = 5
	text := strings.Join(names[:min(len(names), most)], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
