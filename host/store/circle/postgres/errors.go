package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
)

// The conditions of PostgreSQL that are more to us than a mistake.
const (
	undefinedTable     = "42P01"
	undefinedObject    = "42704"
	invalidSchema      = "3F000"
	invalidParameter   = "22023"
	insufficientRights = "42501"
	readOnly           = "25006"
	serialization      = "40001"
	deadlock           = "40P01"
	lockNotAvailable   = "55P03"
	queryCanceled      = "57014"
	duplicateObject    = "42710"
)

// refusal is what the author of a script is told.
func refusal(code abi.Code, format string, args ...any) error {
	return &abi.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func denied(format string, args ...any) error { return refusal(abi.AccessDenied, format, args...) }

// is says whether the server has answered with one of these conditions.
func is(err error, codes ...string) bool {
	var said *pgconn.PgError
	if !errors.As(err, &said) {
		return false
	}
	for _, code := range codes {
		if said.Code == code {
			return true
		}
	}
	return false
}

// missing says whether a circle has no database.
func missing(err error) bool {
	return is(err, undefinedTable, invalidSchema, undefinedObject, invalidParameter)
}

// explain gives an error of the server's the form that callers know. What is
// the operator's business stays as it is.
func explain(ctx context.Context, err error, access *circle.Access) error {
	if err == nil || isKnown(err) {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var long *pgproto3.ExceededMaxBodyLenErr
	if errors.As(err, &long) {
		return refusal(abi.TooLarge, "a row has more than %d bytes; ask for less", circle.MaxReply)
	}
	var said *pgconn.PgError
	if !errors.As(err, &said) {
		return err
	}
	switch said.Code {
	case serialization, deadlock, lockNotAvailable:
		return circle.ErrConflict
	case queryCanceled:
		return refusal(abi.Timeout, "the statement took longer than the job may take")
	case readOnly:
		if access != nil && !access.Write {
			return circle.ErrInsufficient
		}
	case insufficientRights:
		return denied("%s", said.Message)
	}
	switch said.Code[:2] {
	case "53": // not enough of something
		return refusal(abi.Unavailable, "the database server is short of something: %s", said.Message)
	case "54", "0A", "20", "21", "22", "23", "25", "2B", "42", "44", "3F", "55":
		return refusal(abi.InvalidArgument, "%s", said.Message)
	}
	return err
}

// isKnown says whether an error has the form that callers know already.
func isKnown(err error) bool {
	var said *abi.Error
	return errors.As(err, &said) || errors.Is(err, circle.ErrConflict) || errors.Is(err, circle.ErrInsufficient) || errors.Is(err, job.ErrLeaseLost)
}
