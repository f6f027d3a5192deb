package redis

import (
	"context"
	"fmt"
	"slices"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
)

// attempt is one call of a guest: whose keys, and what may be done with them.
type attempt struct {
	*service
	rdb     goredis.UniversalClient
	session *capability.Session
	circle  string
	prefix  string
	role    capability.Role

	// published are the prefixes that a stranger may read.
	published []string
}

func (r *service) attempt(ctx context.Context, s *capability.Session) (*attempt, error) {
	circle, err := job.ParseCircle(s.Job.Circle)
	if err != nil {
		return nil, err
	}
	a := &attempt{service: r, session: s, circle: circle, prefix: Prefix(circle)}
	switch {
	case s.Job.Caller == s.Job.Circle:
		a.role = capability.Owner
	case s.Job.Caller != "" && r.directory != nil:
		if a.role, err = r.directory.Role(ctx, circle, s.Job.Caller); err != nil {
			return nil, fmt.Errorf("look up a role: %w", err)
		}
	}
	if a.role == capability.Stranger {
		if r.directory == nil {
			return nil, capability.Insufficient()
		}
		if a.published, err = r.directory.Published(ctx, circle, capability.Prefix); err != nil {
			return nil, fmt.Errorf("look up what is published: %w", err)
		}
	}
	if a.rdb, err = r.client(ctx); err != nil {
		return nil, fmt.Errorf("connect to Redis: %w", err)
	}
	return a, nil
}

// mayRead says whether the caller may know of a key, which has no prefix.
func (a *attempt) mayRead(key string) bool {
	return a.role >= capability.Reader ||
		slices.ContainsFunc(a.published, func(p string) bool { return strings.HasPrefix(key, p) })
}

// permit says whether the caller may run a command, whose keys are at some of
// the places of its arguments.
func (a *attempt) permit(spec *command, args []string, at []int) error {
	if spec.writes() && a.role < capability.Writer {
		return capability.Insufficient()
	}
	for _, i := range at {
		key := args[i]
		if len(key) > MaxKeyName {
			return &abi.Error{Code: abi.TooLarge, Message: fmt.Sprintf("a key has %d bytes; at most %d are taken", len(key), MaxKeyName)}
		}
		if !a.mayRead(key) {
			return capability.Insufficient()
		}
	}
	return nil
}
