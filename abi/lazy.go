package abi

import "sync"

// lazy makes a constant that needs a constructor: built at first use, since
// the package runs nothing when it is loaded. A failure would be a mistake in
// the options written above, so it panics.
func lazy[T any](build func() (T, error)) func() T {
	return sync.OnceValue(func() T {
		v, err := build()
		if err != nil {
			panic(err)
		}
		return v
	})
}
