// Package circle is the capability henge_circle_v1: what the caller is to the
// circle, and what the circle shows to everybody. It is part of the same
// transaction as sql and kv.
package circle

import (
	"context"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/transaction"
	"github.com/henge-run/henge/host/store/circle"
)

// New returns the capability over a store.
func New(store circle.Store) capability.Capability {
	a := access{store}
	return capability.Capability{
		Name: abi.CircleV1,
		Functions: []capability.Function{
			{Name: "role", Call: a.role},
			{Name: "publish", Call: a.change(circle.Tx.Publish)},
			{Name: "unpublish", Call: a.change(circle.Tx.Unpublish)},
		},
	}
}

type access struct{ store circle.Store }

func (a access) role(ctx context.Context, c *capability.Call) error {
	tx, err := transaction.Of(ctx, a.store, c.Session)
	if err != nil {
		return err
	}
	c.ReplyBuffer(append(c.Buffer(), tx.Role.String()...))
	return nil
}

// change lets admins publish, or take that back.
func (a access) change(do func(tx circle.Tx, ctx context.Context, kind, name string) error) capability.Func {
	return func(ctx context.Context, c *capability.Call) error {
		var p abi.Publication
		if _, err := c.Decode(&p); err != nil {
			return err
		}
		tx, err := transaction.Of(ctx, a.store, c.Session)
		if err != nil {
			return err
		}
		if tx.Role < capability.Admin {
			return capability.Insufficient()
		}
		return tx.Failed(do(tx.Tx, ctx, p.Kind, p.Name))
	}
}
