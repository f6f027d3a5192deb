package queue

import (
	"context"
	"embed"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var sources embed.FS

// script is one file of the lua folder behind the parts that it uses.
//
// A script starts with a line of flags, for the sake of a server that is out
// of memory: without it Redis runs a script and refuses single commands, so a
// claim could pop an id and then fail to lease it. With it the whole script is
// refused. A server that does not know the line (miniredis) gets the script
// without it.
//
// Putting a script together and hashing it takes most of a millisecond, and there
// are many of which a worker runs few before its first job: each is made when it
// is first needed.
type script struct {
	flagged, plain func() *redis.Script
	noFlags        *atomic.Bool // the same for all scripts of a set
}

// scripts are what a Queue or a Producer runs.
type scripts struct {
	aside, cancel, claim, control, finish, note, purge, raise, reap, release, remove, renew, restore, retry, submit, sweep *script

	scheduleDefer, scheduleDue, scheduleFire, schedulePause, schedulePut, scheduleRemove *script
	herojobsID, herojobsFetch, herojobsEmpty, herojobsSet                                *script
}

func loadScripts() *scripts { return scriptsOf(source) }

// scriptsOf takes the text of some files of the lua folder from text.
func scriptsOf(text func(parts ...string) string) *scripts {
	const evenIfFull = " flags=allow-oom" // nothing grows, and a lease must not end for want of memory
	noFlags := &atomic.Bool{}
	load := func(flags string, parts ...string) *script {
		uses, name := parts[:len(parts)-1], parts[len(parts)-1]
		all := func() string {
			return text("prelude", "hash") +
				made(Hero, text("hero")) + made(Rhailib, text("rhailib")) + made(Henge, text("henge")) + made(HeroJobs, text("json", "names", "herojobs", "newjob")) +
				text(append([]string{"common"}, uses...)...) + told(text(name))
		}
		return &script{
			flagged: sync.OnceValue(func() *redis.Script { return redis.NewScript("#!lua" + flags + "\n" + all()) }),
			plain:   sync.OnceValue(func() *redis.Script { return redis.NewScript(all()) }),
			noFlags: noFlags,
		}
	}
	return &scripts{
		aside:   load(evenIfFull, "aside"),
		cancel:  load("", "stopping", "cancel"),
		claim:   load("", "ending", "needs", "channels", "take", "rotate", "answer", "claim"),
		control: load("", "stopping", "control"),
		finish:  load("", "ending", "finish"),
		note:    load("", "ending", "note"),
		purge:   load("", "needs", "channels", "take", "purge"),
		raise:   load("", "raise"),
		reap:    load("", "needs", "channels", "reap"),
		release: load(evenIfFull, "release"),
		remove:  load(evenIfFull, "remove"),
		renew:   load(evenIfFull, "renew"),
		restore: load("", "channels", "restore"),
		retry:   load("", "retry"),
		submit:  load("", "write", "submit"),
		sweep:   load("", "sweep"),

		scheduleDefer:  load(evenIfFull, "schedule", "schedule_defer"),
		scheduleDue:    load(evenIfFull, "schedule", "schedule_due"),
		scheduleFire:   load("", "write", "schedule", "schedule_fire"),
		schedulePause:  load("", "schedule", "schedule_pause"),
		schedulePut:    load("", "schedule", "schedule_put"),
		scheduleRemove: load(evenIfFull, "schedule", "schedule_remove"),
		herojobsID:     load("", "herojobs_id"),
		herojobsFetch:  load("", "herojobs_fetch"),
		herojobsEmpty:  load(evenIfFull, "herojobs_empty"),
		herojobsSet:    load("", "herojobs_set"),
	}
}

// source returns files of the lua folder, one behind the other.
func source(parts ...string) string {
	var b strings.Builder
	for _, part := range parts {
		text, err := sources.ReadFile("lua/" + part + ".lua")
		if err != nil {
			panic(err) // a file that is embedded, or this does not compile
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	return b.String()
}

// made puts the text that makes a dialect into a function, which is called when
// a script first needs it.
func made(dialect, text string) string {
	return "MAKE['" + dialect + "'] = function()\n" + text + "end\n"
}

// told has what happened in a script told at its end, all of it at once.
func told(text string) string {
	return "local function run()\n" + text + "end\nlocal answer = run()\ntell()\nreturn answer\n"
}

// run runs the script by its digest and loads it where the server has lost
// it. It returns no later than ctx ends; what the script then still does is
// lost to the caller.
func (s *script) run(ctx context.Context, rdb redis.UniversalClient, keys []string, args ...any) (any, error) {
	return within(ctx, func() (any, error) { return s.do(ctx, rdb, keys, args...) })
}

// do is run, and waits for as long as the client does.
func (s *script) do(ctx context.Context, rdb redis.UniversalClient, keys []string, args ...any) (any, error) {
	if !s.noFlags.Load() {
		reply, err := s.flagged().Run(ctx, rdb, keys, args...).Result()
		if err == nil || !isNotCompiled(err) {
			return reply, err
		}
		s.noFlags.Store(true)
	}
	return s.plain().Run(ctx, rdb, keys, args...).Result()
}

// form is the one of both that the server takes, as far as is known.
func (s *script) form() *redis.Script {
	if s.noFlags.Load() {
		return s.plain()
	}
	return s.flagged()
}

// load has the server keep the script, and returns the form that it takes.
func (s *script) load(ctx context.Context, rdb redis.UniversalClient) (*redis.Script, error) {
	if !s.noFlags.Load() {
		err := s.flagged().Load(ctx, rdb).Err()
		if err == nil || !isNotCompiled(err) {
			return s.flagged(), err
		}
		s.noFlags.Store(true)
	}
	return s.plain(), s.plain().Load(ctx, rdb).Err()
}

// scriptCall is one run of a script.
type scriptCall struct {
	keys []string
	args []any
}

// runAll runs the script many times in one round trip, some of them twice when
// the server had lost it. An error stands for all of them; those that the
// server refused each have their own.
func (s *script) runAll(ctx context.Context, rdb redis.UniversalClient, calls []scriptCall) ([]*redis.Cmd, error) {
	form := s.form()
	for loaded := false; ; loaded = true {
		replies := make([]*redis.Cmd, len(calls))
		_, err := rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for i, c := range calls {
				replies[i] = form.EvalSha(ctx, pipe, c.keys, c.args...)
			}
			return nil
		})
		if !loaded && redis.HasErrorPrefix(err, "NOSCRIPT") {
			if form, err = s.load(ctx, rdb); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil && !isRefused(err) {
			return nil, err
		}
		return replies, nil
	}
}

func isNotCompiled(err error) bool { return strings.Contains(err.Error(), "Error compiling script") }
