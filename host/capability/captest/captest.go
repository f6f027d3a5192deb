// Package captest calls host functions in tests, without a guest and without
// a runtime: a session with everything fixed, and one call.
//
// It is for tests only, and no other code may import it.
package captest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
)

// Start is when a session of NewSession started, by its clock.
var Start = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

// NewSession returns the session of a job in the circle "acme", asked for by
// "alice", with the default limits. Its clock stands still a second after
// Start, and its randomness is the alphabet, once.
func NewSession() *capability.Session {
	return &capability.Session{
		Job: &job.Job{
			ID: "j1", Circle: "acme", Caller: "alice", Type: "rhai", Dialect: "local",
			Payload: []byte("payload"), Timeout: time.Minute, Attempt: 2,
		},
		Limits:   job.DefaultLimits,
		Start:    Start,
		Deadline: Start.Add(time.Minute),
		Now:      func() time.Time { return Start.Add(time.Second) },
		Random:   strings.NewReader("abcdefghijklmnopqrstuvwxyz"),
	}
}

// Function returns a capability's function, and fails the test where there is
// none of that name.
func Function(t testing.TB, c capability.Capability, name string) capability.Func {
	t.Helper()
	for _, f := range c.Functions {
		if f.Name == name {
			return f.Call
		}
	}
	t.Fatalf("%s has no function %s", c.Name, name)
	return nil
}

// Call calls a capability's function once and returns its reply.
func Call(t testing.TB, c capability.Capability, name string, s *capability.Session, request []byte) ([]byte, error) {
	t.Helper()
	call := capability.Call{Session: s, Request: request}
	err := Function(t, c, name)(context.Background(), &call)
	return call.TakeReply(), err
}

// RequireCode fails the test unless err is what a guest gets as code, with a
// message for its author.
func RequireCode(t testing.TB, code abi.Code, err error) {
	t.Helper()
	var e *abi.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code, e.Message)
	require.NotEmpty(t, e.Message)
}
