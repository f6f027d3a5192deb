package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/sys"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
)

// configure binds what WASI shows of the outside to the instance, and so to
// the job that runs in it: time, randomness and standard streams. There are no
// files.
func (inst *instance) configure() wazero.ModuleConfig {
	now := func() time.Time { return inst.run.session.Now() }
	return wazero.NewModuleConfig().
		WithArgs(inst.module.Manifest.Name).
		WithStdin(stream{inst}).
		WithStdout(stream{inst}).
		WithStderr(errorStream{inst}).
		WithRandSource(randomStream{inst}).
		WithWalltime(func() (int64, int32) {
			t := now()
			return t.Unix(), int32(t.Nanosecond())
		}, sys.ClockResolution(time.Microsecond)).
		WithNanotime(func() int64 { return int64(inst.run.monotonic(now())) }, sys.ClockResolution(time.Microsecond))
}

// monotonic is WASI's other clock. It goes on from the module's initialisation,
// whose time a language's runtime may have kept in the snapshot: it must not
// see it go back. It does not begin at 0, which Go's takes for a clock that is
// broken: where a test holds the clock, it would stay there.
func (r *run) monotonic(now time.Time) time.Duration { return now.Sub(r.module.started) + 1 }

// sleep waits no longer than the job may.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// randomStream is the source of randomness that WASI shows.
type randomStream struct{ *instance }

func (s randomStream) Read(b []byte) (int, error) { return s.run.session.Random.Read(b) }

// stream is standard input and output. A command reads its payload and writes
// its result; what an engine writes goes to the log.
type stream struct{ *instance }

func (s stream) Read(b []byte) (int, error) {
	s.run.work(len(b))
	return s.run.stdin.Read(b)
}

func (s stream) Write(b []byte) (int, error) {
	if s.run.stdin.Reader != nil {
		return s.run.writeOutput(b)
	}
	return s.run.writeLines(&s.run.stdout, job.Info, b)
}

type errorStream struct{ *instance }

func (s errorStream) Write(b []byte) (int, error) {
	return s.run.writeLines(&s.run.stderr, job.Warn, b)
}

// stdin is what a command reads; for all others it is empty.
type stdin struct{ *bytes.Reader }

func (s stdin) Read(b []byte) (int, error) {
	if s.Reader == nil {
		return 0, io.EOF
	}
	return s.Reader.Read(b)
}

// writeOutput appends to a command's result. A write beyond the limit fails,
// and one that goes on regardless is ended.
func (r *run) writeOutput(b []byte) (int, error) {
	r.work(len(b))
	if err := r.session.AppendOutput(b); err != nil {
		if r.refusals++; r.refusals > maxRefusals {
			r.abort(job.HostLimit, "the program went on writing after its output limit was reached")
		}
		return 0, err
	}
	return len(b), nil
}

func (r *run) writeLines(l *lines, level job.Level, b []byte) (int, error) {
	l.write(b, func(text string) {
		// One write may have any number of lines.
		r.work(len(text))
		r.session.WriteLog(level, text, nil)
	})
	return len(b), nil
}

// flush ends the last lines of the standard streams.
func (r *run) flush() {
	r.stdout.flush(func(text string) { r.session.WriteLog(job.Info, text, nil) })
	r.stderr.flush(func(text string) { r.session.WriteLog(job.Warn, text, nil) })
}

// asCommand gives a WASI command its job: the payload on standard input, and
// the environment: the job's own variables and then the host's, which
// therefore win.
func (r *run) asCommand(j *job.Job) error {
	r.stdin = stdin{bytes.NewReader(j.Payload)}
	env := maps.Clone(j.Env)
	if env == nil {
		env = map[string]string{}
	}
	env[abi.EnvContext] = j.Circle
	env[abi.EnvCaller] = j.Caller
	env[abi.EnvJob] = j.ID
	env[abi.EnvAttempt] = strconv.FormatInt(j.Attempt, 10)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(env[name], "\x00") {
			return fmt.Errorf("the job's environment has a variable %.80q that no program can be given: a name has no '=' and neither part a NUL byte", name)
		}
		r.environ = append(r.environ, name+"="+env[name])
	}
	return nil
}
