// Command henge runs untrusted scripts as jobs from Redis, each in a sandbox
// of its own. This folder holds flags, printing and exit codes; what is done
// is in the packages under host.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/redis/go-redis/v9"
)

func main() {
	// What it has to say of connections, the worker says once.
	redis.SetLogger(quiet{})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the next one ends the process as it would
	// without us: an impatient operator must not need kill -9.
	context.AfterFunc(ctx, stop)
	os.Exit(doMain(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// quiet is a logger of the Redis client that says nothing.
type quiet struct{}

// Printf implements the client's interface.
func (quiet) Printf(context.Context, string, ...any) {}

// streams are the standard streams: data goes to out, words to err.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// commands is the whole command line: <noun> <verb>.
type commands struct {
	globals

	Worker struct {
		Start workerStart `cmd:"" help:"Take jobs from Redis and run them, until stopped."`
		Ls    workerLs    `cmd:"" help:"List the workers that are there."`
		Stop  workerStop  `cmd:"" help:"Ask workers to take no more jobs, and to end when those that run have, or their --grace is over."`
		Drain workerDrain `cmd:"" help:"The same as stop, and wait until they are gone."`
	} `cmd:"" help:"Run jobs."`

	Job struct {
		Run    jobRun    `cmd:"" help:"Submit a script as a job, wait for it and print its result."`
		Submit jobSubmit `cmd:"" help:"Submit a script as a job and print its id, or many from lines of JSON."`
		Get    jobGet    `cmd:"" help:"Show a job."`
		Ls     jobLs     `cmd:"" help:"List jobs."`
		Logs   jobLogs   `cmd:"" help:"Show what a job has logged."`
		Cancel jobCancel `cmd:"" help:"End a job that waits, or stop one that runs."`
		Retry  jobRetry  `cmd:"" help:"Run a job again that has ended."`
		Rm     jobRm     `cmd:"" help:"Delete a job that has ended, with its log."`
	} `cmd:"" help:"Submit jobs and look at them."`

	Schedule struct {
		Ls      scheduleLs      `cmd:"" help:"List schedules."`
		Add     scheduleAdd     `cmd:"" help:"Have a script run as a job again and again."`
		Rm      scheduleRm      `cmd:"" help:"Delete a schedule; its jobs stay."`
		Pause   schedulePause   `cmd:"" help:"Write no more jobs."`
		Resume  scheduleResume  `cmd:"" help:"Go on with the next tick from now."`
		Trigger scheduleTrigger `cmd:"" help:"Write a job now, whatever the ticks are, and print its id."`
		Next    scheduleNext    `cmd:"" help:"Print the next ticks of a schedule, or of a spec that is not stored."`
	} `cmd:"" help:"Jobs that come again, at an interval or at times of the day."`

	Queue struct {
		Ls      queueLs      `cmd:"" help:"List the lists of jobs, with what waits and runs of each."`
		Pause   queuePause   `cmd:"" help:"Hand out nothing of lists any more; what runs goes on."`
		Resume  queueResume  `cmd:"" help:"Hand out jobs of paused lists again."`
		Drain   queueDrain   `cmd:"" help:"Pause lists, and wait until none of their jobs runs."`
		Purge   queuePurge   `cmd:"" help:"End all jobs of a list that wait, as cancelled."`
		Restore queueRestore `cmd:"" help:"Give jobs that were taken apart by circle back to their list, for an upstream worker."`
	} `cmd:"" help:"Lists that jobs wait in."`

	Dead struct {
		Ls    deadLs    `cmd:"" help:"List dead letters: jobs that were given up, and ids that never became one."`
		Retry deadRetry `cmd:"" help:"Run the jobs of dead letters again."`
		Rm    deadRm    `cmd:"" help:"Forget dead letters; their jobs stay as they are."`
	} `cmd:"" help:"Jobs that were given up."`

	Circle struct {
		Ls     circleLs   `cmd:"" help:"List the circles that have a database on this host."`
		Show   circleShow `cmd:"" help:"Show what a circle has."`
		Member struct {
			Add memberAdd `cmd:"" help:"Make somebody a member, or give a member another role."`
			Rm  memberRm  `cmd:"" help:"Take a member out."`
			Ls  memberLs  `cmd:"" help:"List the members."`
		} `cmd:"" help:"Who may do what in a circle."`
		Publish   circlePublish   `cmd:"" help:"Let everybody read a table, or keys with a prefix."`
		Unpublish circleUnpublish `cmd:"" help:"Take that back."`
		Export    circleExport    `cmd:"" help:"Write a circle's database to a file."`
		Import    circleImport    `cmd:"" help:"Make such a file a circle's database, on this host from now on."`
		Rm        circleRm        `cmd:"" help:"Delete a circle's database."`
	} `cmd:"" help:"The databases of circles, and who may use them."`

	Module struct {
		Ls      moduleLs      `cmd:"" help:"List the modules, with the reason where one is not served."`
		Inspect moduleInspect `cmd:"" help:"Show what a .wasm file asks for and offers."`
		New     moduleNew     `cmd:"" help:"Make the folder of a new module, in Go, Rust or C, with cases that hold."`
		Test    moduleTest    `cmd:"" help:"Run the cases of a folder: what goes in, which host calls are made, what comes out."`
		Bench   moduleBench   `cmd:"" help:"Measure what a module costs: to load, and for each job."`
		Keygen  moduleKeygen  `cmd:"" help:"Make a pair of keys to sign modules with."`
		Sign    moduleSign    `cmd:"" help:"Sign modules: writes NAME.sig beside NAME.wasm."`
		Verify  moduleVerify  `cmd:"" help:"Check modules as --require-signature and --pins ask for it."`
		Pin     modulePin     `cmd:"" help:"List modules as they are in the file of --pins."`
		Rm      moduleRm      `cmd:"" help:"Remove modules from the folder of --modules."`
	} `cmd:"" help:"Script engines and runners."`

	Bench struct {
		Sandbox    benchSandbox    `cmd:"" help:"Measure what a job costs, beside other ways of running it."`
		Capability benchCapability `cmd:"" help:"Measure what a host function costs, beside the same call from Go."`
		Throughput benchThroughput `cmd:"" help:"Measure how many jobs a worker ends in a second."`
		Latency    benchLatency    `cmd:"" help:"Measure how long a job waits for an idle worker."`
		Fairness   benchFairness   `cmd:"" help:"Measure how long small circles wait beside a large one."`
		Compare    benchCompare    `cmd:"" help:"Measure henge beside other queues, in turns."`
		Chaos      benchChaos      `cmd:"" help:"Make faults while jobs flow, with a Redis of its own, and count what became of the jobs."`

		ChaosWorker chaosWorker `cmd:"" hidden:"" help:"A worker of bench chaos."`
	} `cmd:"" help:"Measure henge on this machine."`

	Configuration struct {
		Show  configShow  `cmd:"" help:"Print the settings of a worker and the rules for scripts, and where each comes from."`
		Check configCheck `cmd:"" help:"Say whether the file of --config is in order."`
	} `cmd:"" name:"config" help:"What holds for a worker and for scripts."`

	Run     runFile    `cmd:"" help:"Run one script here and now, without Redis."`
	Demo    demo       `cmd:"" help:"Show a worker at work: three jobs, with a Redis of its own."`
	Doctor  doctor     `cmd:"" help:"Show what this machine offers to the sandbox, and how Redis is, found by trying."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// doMain runs one command and returns the exit code.
func doMain(ctx context.Context, args []string, s streams) (code int) {
	var cli commands
	// The parser ends the process after --help and the like; here that is a
	// return, so that a test can call the whole command.
	type exit int
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exit:
			code = int(r)
		default:
			panic(r)
		}
	}()
	parsed, err := newParser(&cli, s, func(code int) { panic(exit(code)) }).Parse(args)
	if err != nil {
		fmt.Fprintf(s.err, "henge: %v\nTry henge --help.\n", err)
		return exitUsage
	}
	cli.redisGiven = slices.ContainsFunc(parsed.Path, func(p *kong.Path) bool { return p.Flag != nil && !p.Resolved && p.Flag.Name == "redis-url" })
	parsed.BindTo(ctx, (*context.Context)(nil))
	err = parsed.Run(s, &cli.globals)
	if err == nil {
		return exitOK
	}
	var e *exitError
	if !errors.As(err, &e) {
		e = &exitError{exitFailed, err}
	}
	if text := e.Error(); text != "" {
		fmt.Fprintf(s.err, "henge: %s\n", text)
	}
	return e.code
}

// newParser returns the parser of the command line.
func newParser(cli *commands, s streams, exit func(int)) *kong.Kong {
	parser, err := kong.New(cli,
		kong.Name("henge"),
		kong.Description("Runs untrusted scripts as jobs, each in a sandbox that nobody has used before."),
		kong.Writers(s.out, s.err),
		kong.Exit(exit),
		kong.DefaultEnvars("HENGE"),
		kong.Vars{"slots": strconv.Itoa(defaultSlots())},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		panic(err) // a mistake in the struct above
	}
	return parser
}
