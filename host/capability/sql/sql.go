// Package sql is the capability henge_sql_v1: statements in the circle's
// database, all of an attempt's in one transaction.
package sql

import (
	"context"
	"fmt"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/transaction"
	"github.com/henge-run/henge/host/store/circle"
)

// New returns the capability over a store.
func New(store circle.Store) capability.Capability {
	d := database{store}
	return capability.Capability{
		Name: abi.SQLV1,
		Functions: []capability.Function{
			{Name: "query", Call: d.query},
			{Name: "exec", Call: d.exec},
		},
	}
}

type database struct{ store circle.Store }

func (d database) query(ctx context.Context, c *capability.Call) error {
	var q abi.Query
	enc, err := c.Decode(&q)
	if err != nil {
		return err
	}
	if q.MaxRows < 0 {
		return &abi.Error{Code: abi.InvalidArgument, Message: "max_rows is not negative"}
	}
	tx, access, err := d.begin(ctx, c)
	if err != nil {
		return err
	}
	most := int(min(q.MaxRows, circle.MaxRows))
	rows, err := tx.Query(ctx, circle.Statement{SQL: q.SQL, Args: q.Args, Access: access}, most)
	if err != nil {
		return tx.Failed(err)
	}
	return c.ReplyValue(enc, rows)
}

// exec takes one statement, or a list of them, of which the first that fails
// ends the call; what those before it did stays part of the transaction.
func (d database) exec(ctx context.Context, c *capability.Call) error {
	list, many, enc, err := statements(c)
	if err != nil {
		return err
	}
	tx, access, err := d.begin(ctx, c)
	if err != nil {
		return err
	}
	done := make([]abi.Changes, len(list))
	for i, s := range list {
		if done[i], err = tx.Exec(ctx, circle.Statement{SQL: s.SQL, Args: s.Args, Access: access}); err != nil {
			return numbered(tx.Failed(err), i, many)
		}
	}
	if many {
		return c.ReplyValue(enc, done)
	}
	return c.ReplyValue(enc, done[0])
}

// numbered says which statement of a list it was.
func numbered(err error, i int, many bool) error {
	e, ok := err.(*abi.Error)
	if !ok || !many {
		return err
	}
	return &abi.Error{Code: e.Code, Message: fmt.Sprintf("statement %d: %s", i+1, e.Message)}
}

// statements reads a request that is a map or a list of maps.
func statements(c *capability.Call) (list []abi.Statement, many bool, enc abi.Encoding, err error) {
	if many = isList(c.Request); many {
		enc, err = c.Decode(&list)
		return list, many, enc, err
	}
	list = make([]abi.Statement, 1)
	enc, err = c.Decode(&list[0])
	return list, many, enc, err
}

// isList says whether a structured request begins a list: in JSON with a
// bracket, in CBOR with major type 4.
func isList(request []byte) bool {
	return len(request) > 0 && (request[0] == '[' || request[0]>>5 == 4)
}

func (d database) begin(ctx context.Context, c *capability.Call) (*transaction.Transaction, circle.Access, error) {
	tx, err := transaction.Of(ctx, d.store, c.Session)
	if err != nil {
		return nil, circle.Access{}, err
	}
	access, err := tx.Access(ctx)
	return tx, access, err
}
