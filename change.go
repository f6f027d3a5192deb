package henge

import "context"

// Cancel ends a job that waits, or has the worker of one that runs stop it,
// which takes less than a second; running says which it was. The reason becomes
// the job's message; empty stands for "cancelled". It returns ErrNotFound or
// ErrEnded.
func (c *Client) Cancel(ctx context.Context, r Ref, reason string) (running bool, err error) {
	return c.producer.Cancel(ctx, r, reason)
}

// Retry puts a job that has ended in line once more: a new run, with all its
// retries. It returns ErrNotFound or ErrNotEnded.
func (c *Client) Retry(ctx context.Context, r Ref) error { return c.producer.Retry(ctx, r) }

// Remove deletes a job that has ended, with its log and its reply. It returns
// ErrNotFound or ErrNotEnded.
func (c *Client) Remove(ctx context.Context, r Ref) error { return c.producer.Remove(ctx, r) }
