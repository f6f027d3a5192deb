package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
)

// refusal is what the author of a script is told.
func refusal(code abi.Code, format string, args ...any) error {
	return &abi.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// explain gives an error of SQLite's the form that callers know. What is the
// operator's business stays as it is.
func (t *tx) explain(ctx context.Context, err error) error {
	if isKnown(err) {
		return err
	}
	code := sqlite.ErrCode(err)
	switch code.ToPrimary() {
	case sqlite.ResultInterrupt:
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	case sqlite.ResultBusy:
		if code == sqlite.ResultBusySnapshot {
			return circle.ErrConflict
		}
		return refusal(abi.Unavailable, "another process writes to the circle's database")
	case sqlite.ResultAuth:
		if t.conn.guard.refused != nil {
			return t.conn.guard.refused
		}
		return refusal(abi.AccessDenied, "this statement cannot be used here")
	case sqlite.ResultFull:
		return refusal(abi.TooLarge, "the circle's database is full: its limit is %d bytes; delete data, or ask the operator to raise it", t.store.opts.MaxBytes)
	case sqlite.ResultTooBig:
		if t.conn.guard.refused != nil {
			return t.conn.guard.refused
		}
		return tooLong()
	case sqlite.ResultError, sqlite.ResultConstraint, sqlite.ResultMismatch, sqlite.ResultRange, sqlite.ResultReadOnly, sqlite.ResultSchema, sqlite.ResultLocked:
		return refusal(abi.InvalidArgument, "%s", text(err))
	case sqlite.ResultNoMem:
		return refusal(abi.TooLarge, "the statement needs too much memory")
	}
	return err
}

func tooLong() error {
	return refusal(abi.TooLarge, "the statement, a value or a row is too long: a value has at most %d bytes", circle.MaxValue)
}

// isKnown says whether an error has the form that callers know already.
func isKnown(err error) bool {
	var said *abi.Error
	return errors.As(err, &said) || errors.Is(err, circle.ErrConflict) || errors.Is(err, circle.ErrInsufficient) ||
		errors.Is(err, job.ErrLeaseLost) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// text is what SQLite says, without the names of our library's functions.
func text(err error) string {
	s := err.Error()
	for _, prefix := range []string{"sqlite: ", "prepare: ", "step: "} {
		s = strings.TrimPrefix(s, prefix)
	}
	return s
}
