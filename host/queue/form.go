package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// form is a way to have the server run a script. The first one that the server
// takes is used.
type form int32

const (
	// asFunction has the server keep the script made from one call to the next.
	// To make it anew takes longer than what most calls do, but a function stays
	// for good, so only scripts that run often are.
	asFunction form = iota

	// withFlags is a script that is sent once and run by its digest. It starts
	// with a line of flags, for the sake of a server that is out of memory:
	// without it Redis runs a script and refuses single commands, so a claim
	// could pop an id and then fail to lease it. With it the whole script is
	// refused.
	withFlags

	// withoutFlags is for a server that does not know the line (miniredis).
	withoutFlags
)

// script is one file of the lua folder behind the parts that it uses.
//
// Putting a script together and hashing it takes most of a millisecond, and there
// are many of which a worker runs few before its first job: each form is made when
// it is first needed.
type script struct {
	kind           string // the file's name
	function       func() function
	flagged, plain func() *redis.Script

	often  bool          // whether it is to be a function where it can be
	taken  *atomic.Int32 // the form that the server takes, of all scripts of a set
	taught atomic.Bool   // whether the server has taken it once
}

// function is a library of one function, both of which have a name that no other
// text has.
type function struct{ name, text string }

// newScript makes a script of its text, which ends with a function call. flag
// is "" or one of Redis's for scripts.
func newScript(kind, flag string, taken *atomic.Int32, text func() string) *script {
	flags, inTable := "", ""
	if flag != "" {
		flags, inTable = " flags="+flag, "'"+flag+"'"
	}
	made := func() string { return "local function script()\n" + text() + "return call\nend\n" }
	once := func(first string) func() *redis.Script {
		return sync.OnceValue(func() *redis.Script { return redis.NewScript(first + made() + "return script()(KEYS, ARGV)\n") })
	}
	return &script{
		kind: kind, taken: taken,
		flagged: once("#!lua" + flags + "\n"), plain: once(""),
		function: sync.OnceValue(func() function {
			text := made()
			sum := sha256.Sum256([]byte(flags + text))
			name := functionPrefix(kind) + hex.EncodeToString(sum[:8])
			// While a function is loaded, Lua has nothing but a way to register it.
			return function{name, "#!lua name=" + name + "\n" + text + "local call\n" +
				"redis.register_function{function_name = '" + name + "', flags = {" + inTable + "}, callback = function(keys, arguments)\n" +
				"call = call or script()\nreturn call(keys, arguments)\nend}\n"}
		}),
	}
}

func functionPrefix(kind string) string { return "henge_" + kind + "_" }

// form is the best one that the server is known to take.
func (s *script) form() form {
	f := form(s.taken.Load())
	if f == asFunction && !s.often {
		return withFlags
	}
	return f
}

// send has the server, or a pipeline to it, run the script in a form in which
// the server knows it.
func (s *script) send(ctx context.Context, rdb redis.Cmdable, f form, keys []string, args []any) *redis.Cmd {
	switch f {
	case asFunction:
		return rdb.FCall(ctx, s.function().name, keys, args...)
	case withFlags:
		return s.flagged().EvalSha(ctx, rdb, keys, args...)
	default:
		return s.plain().EvalSha(ctx, rdb, keys, args...)
	}
}

// run runs the script, and loads it where the server has lost it. It returns no
// later than ctx ends; what the script then still does is lost to the caller.
func (s *script) run(ctx context.Context, rdb redis.UniversalClient, keys []string, args ...any) (any, error) {
	return within(ctx, func() (any, error) { return s.do(ctx, rdb, keys, args...) })
}

// do is run, and waits for as long as the client does.
func (s *script) do(ctx context.Context, rdb redis.UniversalClient, keys []string, args ...any) (any, error) {
	const tries = 3 // who empties the server's cache may do so at any time
	f := s.form()
	for i := 1; ; i++ {
		reply, err := s.send(ctx, rdb, f, keys, args).Result()
		if i == tries || !isUnknown(err) {
			return reply, err
		}
		if f, err = s.teach(ctx, rdb, err); err != nil {
			return nil, err
		}
	}
}

// ready returns the form to send the script in, and sees to it that the server
// has taken it once.
func (s *script) ready(ctx context.Context, rdb redis.UniversalClient) (form, error) {
	if s.taught.Load() {
		return s.form(), nil
	}
	return s.teach(ctx, rdb, nil)
}

// teach has the server keep the script, and returns the form that it takes. why
// is what it answered when it was to run the script; nil if it was not asked.
func (s *script) teach(ctx context.Context, rdb redis.UniversalClient, why error) (f form, err error) {
	defer func() {
		if err == nil {
			s.taught.Store(true)
		}
	}()
	if isDenied(why) {
		s.taken.CompareAndSwap(int32(asFunction), int32(withFlags))
	}
	if s.form() == asFunction {
		err := s.loadFunction(ctx, rdb)
		if err == nil || !isRefused(err) {
			return asFunction, err
		}
		// What else keeps a function from being loaded, such as want of memory,
		// may pass.
		if isDenied(err) {
			s.taken.CompareAndSwap(int32(asFunction), int32(withFlags))
		}
	}
	if s.form() != withoutFlags {
		err := s.flagged().Load(ctx, rdb).Err()
		if err == nil || !strings.Contains(err.Error(), "Error compiling script") {
			return withFlags, err
		}
		s.taken.Store(int32(withoutFlags))
	}
	return withoutFlags, s.plain().Load(ctx, rdb).Err()
}

// loadFunction has the server, or each of a cluster, keep the function. At
// first those of other versions go; a worker that still needs one brings it
// back.
func (s *script) loadFunction(ctx context.Context, rdb redis.UniversalClient) error {
	return eachServer(ctx, rdb, func(ctx context.Context, rdb redis.Cmdable) error {
		err := rdb.FunctionLoad(ctx, s.function().text).Err()
		if err != nil && !strings.Contains(err.Error(), "already exists") {
			return err
		}
		if s.taught.Load() {
			return nil
		}
		others, err := rdb.FunctionList(ctx, redis.FunctionListQuery{LibraryNamePattern: functionPrefix(s.kind) + "*"}).Result()
		if err != nil {
			return nil //nolint:nilerr // a user without the right to look leaves them there
		}
		for _, other := range others {
			if other.Name != s.function().name {
				rdb.FunctionDelete(ctx, other.Name)
			}
		}
		return nil
	})
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
	f := s.form()
	for again := false; ; again = true {
		replies := make([]*redis.Cmd, len(calls))
		_, err := rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for i, c := range calls {
				replies[i] = s.send(ctx, pipe, f, c.keys, c.args)
			}
			return nil
		})
		if !again && isUnknown(err) {
			if f, err = s.teach(ctx, rdb, err); err != nil {
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

// isUnknown says that the server did not run a script, since it does not know
// it in the form that it was sent in.
func isUnknown(err error) bool {
	return redis.HasErrorPrefix(err, "NOSCRIPT") || redis.HasErrorPrefix(err, "Function not found") || isDenied(err)
}

// isDenied says that the server has no functions, or none for this user.
func isDenied(err error) bool {
	if !isRefused(err) {
		return false
	}
	text := strings.ToLower(err.Error())
	return (strings.Contains(text, "unknown command") || strings.HasPrefix(text, "noperm")) &&
		(strings.Contains(text, "fcall") || strings.Contains(text, "function"))
}
