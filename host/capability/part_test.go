package capability_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/captest"
	"github.com/henge-run/henge/host/job"
)

// part writes down what was done with it.
type part struct {
	name   string
	fails  error
	events *[]string
}

func (p part) Commit(context.Context, *job.Result) error {
	*p.events = append(*p.events, "commit "+p.name)
	return p.fails
}

func (p part) Close() error {
	*p.events = append(*p.events, "close "+p.name)
	return nil
}

func keep(t *testing.T, s *capability.Session, p part) {
	t.Helper()
	kept, err := s.Part(p.name, func() (capability.Part, error) { return p, nil })
	require.NoError(t, err)
	require.Equal(t, p, kept)
}

func TestParts(t *testing.T) {
	lost := errors.New("disk on fire")
	for name, c := range map[string]struct {
		end     job.End
		confirm error
		fails   error

		wantEnd job.End
		wantErr string
		events  []string
	}{
		"a success is committed in order": {
			end: job.Success, wantEnd: job.Success, events: []string{"commit a", "commit b", "close a", "close b"},
		},
		"a failure is not": {
			end: job.ScriptError, wantEnd: job.ScriptError, events: []string{"close a", "close b"},
		},
		"nor is what has lost its lease": {
			end: job.Success, confirm: job.ErrLeaseLost, wantEnd: job.LeaseLost, wantErr: job.ErrLeaseLost.Error(), events: []string{"close a", "close b"},
		},
		"the author learns of a conflict": {
			end: job.Success, fails: &abi.Error{Code: abi.Conflict, Message: "somebody else was first"},
			wantEnd: job.NotKept, wantErr: "what the job has changed could not be kept: somebody else was first", events: []string{"commit a", "close a", "close b"},
		},
		"and not what is the operator's business": {
			end: job.Success, fails: lost,
			wantEnd: job.NotKept, wantErr: "what the job has changed could not be kept, for a reason that the operator's log has", events: []string{"commit a", "close a", "close b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := captest.NewSession()
			s.Job.Confirm = func(context.Context) error { return c.confirm }
			var events []string
			keep(t, s, part{"a", c.fails, &events})
			keep(t, s, part{"b", nil, &events})
			r := &job.Result{End: c.end}
			err := s.Settle(t.Context(), r)
			require.Equal(t, c.wantEnd, r.End)
			require.Equal(t, c.wantErr, r.Error)
			require.Equal(t, c.events, events)
			require.Equal(t, c.wantEnd == c.end, err == nil)
		})
	}
}

func TestPartIsMadeOnce(t *testing.T) {
	s := captest.NewSession()
	_, err := s.Part("a", func() (capability.Part, error) { return nil, errors.New("no room") })
	require.ErrorContains(t, err, "no room")
	keep(t, s, part{name: "a"})
	again, err := s.Part("a", func() (capability.Part, error) { t.Fatal("made twice"); return nil, nil })
	require.NoError(t, err)
	require.Equal(t, part{name: "a"}, again)
}

func TestConflict(t *testing.T) {
	s := captest.NewSession()
	require.ErrorIs(t, s.Conflict("x"), capability.ErrRestart, "nothing was done yet")
	s.Job.Confirm = func(context.Context) error { return job.ErrLeaseLost }
	require.ErrorIs(t, s.Effect(t.Context()), job.ErrLeaseLost)
	require.ErrorIs(t, s.Conflict("x"), capability.ErrRestart, "what was not allowed had no effect")
	s.Job.Confirm = nil
	require.NoError(t, s.Effect(t.Context()))
	captest.RequireCode(t, abi.Conflict, s.Conflict("somebody else was first"))

	s = captest.NewSession()
	s.Restarts = 3
	captest.RequireCode(t, abi.Conflict, s.Conflict("it has been tried enough"))
}

func TestRoles(t *testing.T) {
	for r := capability.Stranger; r <= capability.Owner; r++ {
		got, ok := capability.ParseRole(r.String())
		require.True(t, ok)
		require.Equal(t, r, got)
	}
	_, ok := capability.ParseRole("king")
	require.False(t, ok)
	require.Equal(t, "stranger", (capability.Owner + 1).String())
}
