// Package transaction is what the capabilities sql, kv and circle share: the
// one transaction that an attempt has in its circle's database, and what its
// caller may do there.
package transaction

import (
	"context"
	"errors"
	"fmt"

	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
)

// Transaction is an attempt's. It begins with the first call of any of the
// capabilities, and is settled with the attempt.
type Transaction struct {
	circle.Tx

	// Role is what the caller is to the circle.
	Role capability.Role

	session *capability.Session
	tables  *[]string // what a stranger may read, once it was asked for
}

var _ capability.Part = (*Transaction)(nil)

// key is the key of the session's part.
type key struct{}

// Of returns the attempt's transaction, which it begins where there is none.
// One that is begun anew after a conflict takes the lock of writers first, and
// meets no other.
func Of(ctx context.Context, store circle.Store, s *capability.Session) (*Transaction, error) {
	part, err := s.Part(key{}, func() (capability.Part, error) {
		tx, err := store.Begin(ctx, s.Job, s.Restarts > 0)
		if err != nil {
			return nil, err
		}
		t := &Transaction{Tx: tx, session: s}
		if t.Role, err = roleOf(s.Job.Circle, s.Job.Caller, func() (string, error) { return tx.Role(ctx, s.Job.Caller) }); err != nil {
			return nil, errors.Join(err, tx.Close())
		}
		return t, nil
	})
	if err != nil {
		return nil, Failed(s, err)
	}
	return part.(*Transaction), nil
}

// roleOf is what a caller is to a circle, where member says what is kept of it.
func roleOf(name, caller string, member func() (string, error)) (capability.Role, error) {
	switch {
	case caller == "":
		return capability.Stranger, nil
	case same(caller, name):
		return capability.Owner, nil
	}
	said, err := member()
	if err != nil || said == "" {
		return capability.Stranger, err
	}
	role, ok := capability.ParseRole(said)
	if !ok || role == capability.Owner {
		return capability.Stranger, fmt.Errorf("the circle's database has %.40q as a role", said)
	}
	return role, nil
}

// same says whether a caller is the circle itself: the circle's name is in the
// form in which names are compared, the caller's is as the producer wrote it.
func same(caller, name string) bool {
	if caller == name {
		return true
	}
	parsed, err := job.ParseCircle(caller)
	return err == nil && parsed == name
}

// Access is what a statement of the caller's may touch.
func (t *Transaction) Access(ctx context.Context) (circle.Access, error) {
	access := circle.Access{Read: t.Role >= capability.Reader, Write: t.Role >= capability.Writer}
	if access.Read {
		return access, nil
	}
	if t.tables == nil {
		names, err := t.Published(ctx, circle.KindTable)
		if err != nil {
			return access, t.Failed(err)
		}
		t.tables = &names
	}
	access.Tables = *t.tables
	return access, nil
}

// Failed gives an error of the store's the form that a guest gets.
func (t *Transaction) Failed(err error) error { return Failed(t.session, err) }

// Failed is Transaction.Failed, where there is none yet.
func Failed(s *capability.Session, err error) error {
	switch {
	case errors.Is(err, circle.ErrConflict):
		return s.Conflict("somebody else has written to the circle's database since this job first read it; run the job again")
	case errors.Is(err, circle.ErrInsufficient):
		return capability.Insufficient()
	}
	return err
}

// Commit implements capability.Part.
func (t *Transaction) Commit(ctx context.Context, r *job.Result) error { return t.Tx.Commit(ctx, r) }
