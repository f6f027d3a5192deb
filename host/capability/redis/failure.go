package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/abi"
)

// failure is what a guest gets for an error of the client. Redis' own words
// name keys with their prefix, which the script does not know.
func (a *attempt) failure(ctx context.Context, err error) error {
	var e *abi.Error
	var reply goredis.Error
	var timeout net.Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, errReply):
		return tooLong()
	case errors.As(err, &reply):
		return a.replied(reply.Error())
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
			// The connection's own clock was first, and the job is to end
			// before its script gets to see the error.
			<-ctx.Done()
		}
		return &abi.Error{Code: abi.Timeout, Message: "Redis did not answer in time; what was asked may have happened"}
	default:
		return &abi.Error{Code: abi.Unavailable, Message: "Redis does not answer; what was asked may have happened"}
	}
}

// ofScript is failure for a script as a whole, whose commands have errors of
// their own: what it breaks off with is not the guest's mistake.
func (a *attempt) ofScript(ctx context.Context, err error) error {
	var e *abi.Error
	if failed := a.failure(ctx, err); !errors.As(failed, &e) || e.Code != abi.InvalidArgument {
		return failed
	}
	return fmt.Errorf("run a script in Redis: %w", err)
}

func tooLong() error {
	return &abi.Error{Code: abi.TooLarge, Message: fmt.Sprintf(
		"the reply is longer than %d bytes; ask for less at a time, as with LRANGE, GETRANGE or HSCAN", MaxReply)}
}

// replied is what a guest gets for an error that the server answered.
func (a *attempt) replied(text string) error {
	text = strings.ToValidUTF8(text, "\uFFFD") // it may quote an argument
	word, _, _ := strings.Cut(text, " ")
	switch word {
	case "HENGEQUOTA", "HENGESWEEP":
		return &abi.Error{Code: abi.Limit, Message: fmt.Sprintf(
			"the circle's keys in Redis may take %d bytes, and there is no room for this; delete some or let them expire, or ask the operator to raise the quota", a.quota)}
	case "HENGEKEY":
		return &abi.Error{Code: abi.TooLarge, Message: fmt.Sprintf(
			"a key may hold about %d bytes, and would hold more; spread it over several keys", MaxKey)}
	case "HENGEREPLY":
		return tooLong()
	case "WRONGTYPE":
		return &abi.Error{Code: abi.TypeError, Message: strings.TrimPrefix(text, "WRONGTYPE ")}
	case "OOM", "LOADING", "BUSY", "MISCONF", "READONLY", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN", "NOAUTH", "NOPERM", "NOREPLICAS", "MOVED", "ASK":
		return &abi.Error{Code: abi.Unavailable, Message: "Redis refuses to work now (" + word + "); the operator knows more"}
	}
	text = strings.TrimPrefix(text, "ERR ")
	return &abi.Error{Code: abi.InvalidArgument, Message: strings.ReplaceAll(text, a.prefix, "")}
}
