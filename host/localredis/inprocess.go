package localredis

import (
	"fmt"

	"github.com/alicebob/miniredis/v2"
)

// StartInProcess starts a Redis written in Go inside this process. It keeps
// nothing, its times to live do not pass by themselves, it is slower, and it
// does not tell clients about changed keys: for a first try and for tests.
func StartInProcess() (*Server, error) {
	m := miniredis.NewMiniRedis()
	if err := m.Start(); err != nil {
		return nil, fmt.Errorf("start Redis in the process: %w", err)
	}
	return &Server{kind: InProcess, addr: m.Addr(), close: func() error {
		m.Close()
		return nil
	}}, nil
}
