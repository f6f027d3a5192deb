package sandbox_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

func TestCommandStreams(t *testing.T) {
	for name, payload := range map[string][]byte{
		"empty":  {},
		"text":   []byte("hello\n"),
		"binary": {0, 0xff, '\n', 0},
		"long":   bytes.Repeat([]byte("0123456789"), 12_345),
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, "command_cat", job.Limits{}, payload)
			require.Equal(t, job.Success, r.End, r.Error)
			require.Equal(t, string(payload), string(r.Output))
			require.Empty(t, r.Log, "what a command prints is its result")
		})
	}
}

func TestCommandOutputLimit(t *testing.T) {
	r := run(t, "command_cat", job.Limits{Output: 2500}, make([]byte, 2500))
	require.Len(t, r.Output, 2500)
	r = run(t, "command_full", job.Limits{Output: 2500}, nil)
	require.Len(t, r.Output, 2000, "a write that does not fit fails as a whole")
}

func TestCommandEnvironment(t *testing.T) {
	host := []string{"CALLER_ID=alice", "CONTEXT_ID=acme", "JOB_ATTEMPT=2", "JOB_ID=j1"}
	for name, c := range map[string]struct {
		env  map[string]string
		want []string
	}{
		"none":              {nil, host},
		"the job's own":     {map[string]string{"A": "1", "EMPTY": "", "Z": "a=b"}, append([]string{"A=1", "EMPTY=", "Z=a=b"}, host...)},
		"the host's win":    {map[string]string{"CONTEXT_ID": "other", "CALLER_ID": "root", "JOB_ID": "x", "JOB_ATTEMPT": "1"}, host},
		"case tells apart":  {map[string]string{"context_id": "other"}, append([]string{"context_id=other"}, host...)},
		"bytes as they are": {map[string]string{"A": "\xff\n"}, append([]string{"A=\xff\n"}, host...)},
	} {
		t.Run(name, func(t *testing.T) {
			m := setup(t, sandbox.Options{}).load(t, "command_env", job.Limits{})
			j := newJob(nil)
			j.Env = c.env
			r := m.Run(context.Background(), j)
			require.Equal(t, job.Success, r.End, r.Error)
			got := strings.Split(strings.TrimRight(string(r.Output), "\x00"), "\x00")
			require.ElementsMatch(t, c.want, got)
			require.NotContains(t, c.env, "JOB", "the job is not changed")
		})
	}
}

func TestBadEnvironmentIsRefused(t *testing.T) {
	for name, change := range map[string]func(*job.Job){
		"empty name":    func(j *job.Job) { j.Env = map[string]string{"": "x"} },
		"equals sign":   func(j *job.Job) { j.Env = map[string]string{"CONTEXT_ID=other\x00A": "x"} },
		"just equals":   func(j *job.Job) { j.Env = map[string]string{"=": "x"} },
		"NUL in name":   func(j *job.Job) { j.Env = map[string]string{"A\x00CONTEXT_ID": "x"} },
		"NUL in value":  func(j *job.Job) { j.Env = map[string]string{"A": "x\x00CONTEXT_ID=other"} },
		"NUL in caller": func(j *job.Job) { j.Caller = "a\x00CONTEXT_ID=other" },
		"NUL in id":     func(j *job.Job) { j.ID = "a\x00b" },
	} {
		t.Run(name, func(t *testing.T) {
			m := setup(t, sandbox.Options{}).load(t, "command_env", job.Limits{})
			j := newJob(nil)
			change(j)
			r := m.Run(context.Background(), j)
			require.Equal(t, job.Refused, r.End)
			require.Contains(t, r.Error, "environment has a variable")
			require.Empty(t, r.Output)
		})
	}
}

// An engine's standard streams are its log, line by line.
func TestPrintIsLogged(t *testing.T) {
	r := run(t, "print", job.Limits{}, nil)
	require.Equal(t, job.Success, r.End, r.Error)
	require.Empty(t, r.Output)
	require.Len(t, r.Log, 3)
	require.Equal(t, "one", r.Log[0].Text)
	require.Equal(t, job.Info, r.Log[0].Level)
	require.Equal(t, "two\uFFFD", r.Log[1].Text, "a log is text")
	require.Equal(t, "thre", r.Log[2].Text, "a line need not be ended")
	require.Equal(t, job.Warn, r.Log[2].Level)
}

func TestCommandStderrIsLoggedToo(t *testing.T) {
	r := run(t, "command_stderr", job.Limits{}, nil)
	require.Equal(t, "no such file", r.Error)
	require.Len(t, r.Log, 1)
	require.Equal(t, "no such file", r.Log[0].Text)
}
