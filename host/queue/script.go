package queue

import (
	"embed"
	"strings"
	"sync/atomic"
)

//go:embed lua/*.lua
var sources embed.FS

// scripts are what a Queue or a Producer runs.
type scripts struct {
	aside, cancel, claim, control, finish, note, purge, raise, reap, release, remove, renew, restore, retry, submit, sweep *script

	scheduleDefer, scheduleDue, scheduleFire, schedulePause, schedulePut, scheduleRemove *script
	herojobsID, herojobsFetch, herojobsEmpty, herojobsSet                                *script
}

func loadScripts() *scripts { return scriptsOf(source) }

// scriptsOf takes the text of some files of the lua folder from text.
func scriptsOf(text func(parts ...string) string) *scripts {
	const evenIfFull = "allow-oom" // nothing grows, and a lease must not end for want of memory
	taken := &atomic.Int32{}
	load := func(flag string, parts ...string) *script {
		uses, name := parts[:len(parts)-1], parts[len(parts)-1]
		return newScript(name, flag, taken, func() string {
			return text("prelude", "hash") +
				made(Hero, text("hero")) + made(Rhailib, text("rhailib")) + made(Henge, text("henge")) + made(HeroJobs, text("json", "names", "herojobs", "newjob")) +
				text(append([]string{"circle", "event", "common"}, uses...)...) + told(text(name))
		})
	}
	// What is called for each job, or by each worker all the time.
	often := func(flag string, parts ...string) *script {
		s := load(flag, parts...)
		s.often = true
		return s
	}
	return &scripts{
		aside:   load(evenIfFull, "aside"),
		cancel:  load("", "stopping", "cancel"),
		claim:   often("", "ending", "needs", "channels", "take", "plain", "rotate", "answer", "claim"),
		control: load("", "stopping", "control"),
		finish:  often("", "ending", "finish"),
		note:    often("", "ending", "note"),
		purge:   load("", "needs", "channels", "take", "purge"),
		raise:   load("", "raise"),
		reap:    often("", "needs", "channels", "reap"),
		release: load(evenIfFull, "release"),
		remove:  load(evenIfFull, "remove"),
		renew:   often(evenIfFull, "renew"),
		restore: load("", "channels", "restore"),
		retry:   load("", "retry"),
		submit:  often("", "write", "submit"),
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

// told makes a script's own text a function, run, and behind it the one that is
// called with the keys and arguments: what happened is told at the end, all of it
// at once.
func told(text string) string {
	return "local function run()\n" + text + "end\n" + source("call")
}
