package queue

import (
	"context"
	"embed"
	"strings"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var sources embed.FS

// script is one file of the lua folder behind the parts that all of them
// share.
//
// A script starts with a line of flags, for the sake of a server that is out
// of memory: without it Redis runs a script and refuses single commands, so a
// claim could pop an id and then fail to lease it. With it the whole script is
// refused. A server that does not know the line (miniredis) gets the script
// without it.
type script struct {
	flagged, plain *redis.Script
	noFlags        atomic.Bool
}

func newScript(flags string, parts ...string) *script {
	var b strings.Builder
	for _, part := range append([]string{"prelude", dialectHero, "common"}, parts...) {
		text, err := sources.ReadFile("lua/" + part + ".lua")
		if err != nil {
			panic(err) // a file that is embedded, or this does not compile
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	return &script{
		flagged: redis.NewScript("#!lua" + flags + "\n" + b.String()),
		plain:   redis.NewScript(b.String()),
	}
}

// scripts are what a Queue or a Producer runs.
type scripts struct {
	claim, renew, finish, release, reap, submit *script
}

func loadScripts() *scripts {
	const evenIfFull = " flags=allow-oom" // nothing grows, and a lease must not end for want of memory
	return &scripts{
		claim:   newScript("", "answer", "claim"),
		renew:   newScript(evenIfFull, "renew"),
		finish:  newScript("", "finish"),
		release: newScript(evenIfFull, "release"),
		reap:    newScript("", "reap"),
		submit:  newScript("", "submit"),
	}
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
		reply, err := s.flagged.Run(ctx, rdb, keys, args...).Result()
		if err == nil || !strings.Contains(err.Error(), "Error compiling script") {
			return reply, err
		}
		s.noFlags.Store(true)
	}
	return s.plain.Run(ctx, rdb, keys, args...).Result()
}
