package sandbox

import (
	"bytes"
	"context"
	"fmt"
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

// configure binds what WASI shows of the outside to this run: time, randomness
// and standard streams, which go to the log. There are no files.
func (m *Module) configure(ctx context.Context, r *run) wazero.ModuleConfig {
	now := r.session.Now
	alive := func() { r.endIfDone(ctx) }
	r.stdout.alive, r.stderr.alive = alive, alive
	r.stdout.write = func(text string) { r.session.WriteLog(job.Info, text, nil) }
	r.stderr.write = func(text string) { r.session.WriteLog(job.Warn, text, nil) }
	return wazero.NewModuleConfig().
		WithArgs(m.Manifest.Name).
		WithStdout(&r.stdout).
		WithStderr(&r.stderr).
		WithRandSource(r.session.Random).
		WithWalltime(func() (int64, int32) {
			t := now()
			return t.Unix(), int32(t.Nanosecond())
		}, sys.ClockResolution(time.Microsecond)).
		WithNanotime(func() int64 { return int64(now().Sub(r.session.Start)) }, sys.ClockResolution(time.Microsecond)).
		WithNanosleep(func(ns int64) {
			sleep(ctx, time.Duration(ns))
			r.endIfDone(ctx)
		})
}

// asCommand gives a WASI command its job: the payload on standard input, the
// result on standard output, and the environment: the job's own variables and
// then the host's, which therefore win.
func asCommand(config wazero.ModuleConfig, r *run, j *job.Job) (wazero.ModuleConfig, error) {
	config = config.WithStdin(bytes.NewReader(j.Payload)).WithStdout((*output)(r))
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
			return nil, fmt.Errorf("the job's environment has a variable %.80q that no program can be given: a name has no '=' and neither part a NUL byte", name)
		}
		config = config.WithEnv(name, env[name])
	}
	return config, nil
}

// sleep waits no longer than the job may.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// output is a command's standard output: the job's result. A write beyond
// the limit fails, and one that goes on regardless is ended.
type output run

func (o *output) Write(b []byte) (int, error) {
	if err := o.session.AppendOutput(b); err != nil {
		if o.refusals++; o.refusals > maxRefusals {
			(*run)(o).abort(job.HostLimit, "the program went on writing after its output limit was reached")
		}
		return 0, err
	}
	return len(b), nil
}

// flush ends the last lines of the standard streams.
func (r *run) flush() {
	r.stdout.flush()
	r.stderr.flush()
}
