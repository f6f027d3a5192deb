//go:build !unix

package chaos

import "errors"

var errNoSignals = errors.New("this system cannot stop a process and let it go on")

func freeze(int) error { return errNoSignals }

func thaw(int) error { return errNoSignals }

func kill(int) error { return errNoSignals }
