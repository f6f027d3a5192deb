package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/connection"
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
	if errors.Is(err, connection.ErrBroken) {
		return refusal(abi.TooLarge, "%v, perhaps since the statement or its views are nested too deep", err)
	}
	var code sqlite3.ErrorCode
	if !errors.As(err, &code) {
		return err
	}
	if t.conn.guard.refused != nil && (code == sqlite3.AUTH || code == sqlite3.ERROR) {
		return t.conn.guard.refused
	}
	switch code {
	case sqlite3.INTERRUPT, sqlite3.BUSY:
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, sqlite3.BUSY_SNAPSHOT):
			return circle.ErrConflict
		case code == sqlite3.BUSY:
			return refusal(abi.Unavailable, "another process writes to the circle's database")
		}
	case sqlite3.AUTH:
		return refusal(abi.AccessDenied, "this statement cannot be used here")
	case sqlite3.FULL:
		return refusal(abi.TooLarge, "the circle's database is full: its limit is %d bytes; delete data, or ask the operator to raise it", t.store.opts.MaxBytes)
	case sqlite3.TOOBIG:
		return tooLong()
	case sqlite3.ERROR, sqlite3.CONSTRAINT, sqlite3.MISMATCH, sqlite3.RANGE, sqlite3.READONLY, sqlite3.SCHEMA, sqlite3.LOCKED:
		return refusal(abi.InvalidArgument, "%s", text(err))
	case sqlite3.NOMEM:
		return refusal(abi.TooLarge, "the statement needs too much memory: it may have %d bytes", connection.MaxMemory)
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

// text is what SQLite says, without the name of our library.
func text(err error) string { return strings.ReplaceAll(err.Error(), "sqlite3: ", "") }

// located adds to an error the line and the column of a statement that it is about,
// where SQLite knows them.
func located(statement string, err error) error {
	var said *sqlite3.Error
	if !errors.As(err, &said) || said.SQL() == "" {
		return err
	}
	before := strings.TrimSuffix(statement, said.SQL())
	line := strings.Count(before, "\n") + 1
	return fmt.Errorf("%d:%d: %w", line, len(before)-strings.LastIndexByte(before, '\n'), err)
}
