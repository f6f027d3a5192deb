//go:build !linux && !darwin

package linear

// reserve returns n zero bytes, twice: there is nothing around them.
func reserve(n int) (mapping, space []byte, err error) {
	b := make([]byte, n)
	return b, b, nil
}

func release([]byte) error { return nil }

// zero makes b zero again. What is zero already is not written.
func zero(b []byte) error {
	for len(b) > 0 {
		n := min(comparePage, len(b))
		if !isZero(b[:n]) {
			clear(b[:n])
		}
		b = b[n:]
	}
	return nil
}
