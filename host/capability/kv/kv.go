// Package kv is the capability henge_kv_v1: small values of the circle, in the
// same transaction as its tables.
package kv

import (
	"bytes"
	"context"
	"time"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/transaction"
	"github.com/henge-run/henge/host/store/circle"
)

// New returns the capability over a store.
func New(store circle.Store) capability.Capability {
	v := values{store}
	return capability.Capability{
		Name: abi.KVV1,
		Functions: []capability.Function{
			{Name: "get", Call: v.get},
			{Name: "set", Call: v.set},
			{Name: "delete", Call: v.remove},
			{Name: "list", Call: v.list},
		},
	}
}

type values struct{ store circle.Store }

func (v values) get(ctx context.Context, c *capability.Call) error {
	tx, err := v.reading(ctx, c, c.Request)
	if err != nil {
		return err
	}
	value, found, err := tx.Get(ctx, c.Request)
	if err != nil {
		return tx.Failed(err)
	}
	if !found {
		return &abi.Error{Code: abi.NotFound, Message: "there is no such key"}
	}
	c.Reply(value)
	return nil
}

// longestTTL is some hundred years, far from where a time overflows.
const longestTTL = 100 * 366 * 24 * time.Hour

func (v values) set(ctx context.Context, c *capability.Call) error {
	var s abi.KVSet
	if _, err := c.Decode(&s); err != nil {
		return err
	}
	key, isKey := s.Key.Bytes()
	value, isValue := s.Value.Bytes()
	if !isKey || !isValue {
		return invalid("key and value are text or bytes")
	}
	if s.TTLMS < 0 || s.TTLMS > longestTTL.Milliseconds() {
		return invalid("ttl_ms is from 1 to that of a hundred years; leave it out to keep the value")
	}
	tx, err := v.writing(ctx, c)
	if err != nil {
		return err
	}
	var expires time.Time
	if s.TTLMS > 0 {
		expires = c.Session.Now().Add(time.Duration(s.TTLMS) * time.Millisecond)
	}
	return tx.Failed(tx.Set(ctx, key, value, expires))
}

func (v values) remove(ctx context.Context, c *capability.Call) error {
	tx, err := v.writing(ctx, c)
	if err != nil {
		return err
	}
	return tx.Failed(tx.Delete(ctx, c.Request))
}

func (v values) list(ctx context.Context, c *capability.Call) error {
	var l abi.KVList
	enc, err := c.Decode(&l)
	if err != nil {
		return err
	}
	prefix, isPrefix := l.Prefix.Bytes()
	after, isAfter := l.After.Bytes()
	if !isPrefix && l.Prefix.V != nil || !isAfter && l.After.V != nil {
		return invalid("prefix and after are text or bytes")
	}
	if l.Limit < 0 {
		return invalid("limit is not negative")
	}
	tx, err := v.reading(ctx, c, prefix)
	if err != nil {
		return err
	}
	found, more, err := tx.List(ctx, prefix, after, int(min(l.Limit, circle.MaxList)))
	if err != nil {
		return tx.Failed(err)
	}
	keys := make([]abi.Value, len(found))
	for i, k := range found {
		keys[i] = abi.TextOrBytes(k)
	}
	return c.ReplyValue(enc, abi.KVKeys{Keys: keys, More: more})
}

// reading returns the transaction of a caller who may read all keys that begin
// with this one.
func (v values) reading(ctx context.Context, c *capability.Call, key []byte) (*transaction.Transaction, error) {
	tx, err := transaction.Of(ctx, v.store, c.Session)
	if err != nil || tx.Role >= capability.Reader {
		return tx, err
	}
	prefixes, err := tx.Published(ctx, circle.KindPrefix)
	if err != nil {
		return nil, tx.Failed(err)
	}
	for _, p := range prefixes {
		if bytes.HasPrefix(key, []byte(p)) {
			return tx, nil
		}
	}
	return nil, capability.Insufficient()
}

// writing returns the transaction of a caller who may write.
func (v values) writing(ctx context.Context, c *capability.Call) (*transaction.Transaction, error) {
	tx, err := transaction.Of(ctx, v.store, c.Session)
	if err == nil && tx.Role < capability.Writer {
		return nil, capability.Insufficient()
	}
	return tx, err
}

func invalid(message string) error {
	return &abi.Error{Code: abi.InvalidArgument, Message: message}
}
