package queue

import (
	"context"
	"time"
)

// within returns what f does, or the end of ctx if that comes first: a client
// that was not made with ContextTimeoutEnabled waits for the server for as
// long as its own timeouts and retries take.
func within[T any](ctx context.Context, f func() (T, error)) (T, error) {
	return orLater(ctx, f, func(T, error) {})
}

// orLater is within, and gives later what f does after ctx has ended.
func orLater[T any](ctx context.Context, f func() (T, error), later func(T, error)) (T, error) {
	if ctx.Done() == nil {
		return f()
	}
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer)
	go func() {
		v, err := f()
		select {
		case done <- answer{v, err}:
		case <-ctx.Done():
			// The caller may just be taking it; if not, it has gone.
			select {
			case done <- answer{v, err}:
			default:
				later(v, err)
			}
		}
	}()
	select {
	case a := <-done:
		// The connection has ctx's deadline too, and may be the first to
		// notice: an i/o timeout then is the end of ctx.
		if at, ok := ctx.Deadline(); a.err == nil || !ok || time.Now().Before(at) {
			return a.value, a.err
		}
		<-ctx.Done()
	case <-ctx.Done():
	}
	var none T
	return none, context.Cause(ctx)
}
