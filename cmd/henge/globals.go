package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/policy"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/registry/trust"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/modules"
)

// globals are the flags of every command. Each can be set in the environment
// as well: HENGE_REDIS_URL for --redis-url.
type globals struct {
	RedisURL  string      `name:"redis-url" default:"redis://127.0.0.1:6379" placeholder:"URL" help:"Redis to use: redis://[user:password@]host:port[/db], rediss:// for TLS, unix:// for a socket, redis+sentinel://host,host/master, redis+cluster://host,host."`
	Modules   string      `type:"path" placeholder:"DIR" help:"Folder of .wasm files, which add to the built-in modules and replace those of the same name."`
	Config    string      `type:"path" placeholder:"FILE" help:"TOML file with the worker's flags and with what scripts may do; henge config show prints what holds."`
	Data      string      `type:"path" placeholder:"DIR" help:"Folder for caches and the history of jobs. By default the user's data folder."`
	Database  databaseURL `placeholder:"URL" help:"PostgreSQL for the databases of circles, of henge worker start, henge circle and henge run: postgres://user:password@host/name. By default they are files: in the data folder, and of henge run in a folder of its own."`
	Output    string      `short:"o" enum:"table,json,jsonl" default:"table" help:"How data is printed: table, json or jsonl."`
	LogLevel  string      `enum:"debug,info,warn,error" default:"info" help:"The least that is logged: debug, info, warn or error."`
	LogFormat string      `enum:"auto,text,json" default:"auto" help:"How the log is written: text, json, or auto for text on a terminal and json elsewhere."`

	RequireSignature []string `type:"path" placeholder:"KEY.pub" help:"Load modules of the folder only if one of these public keys has signed them: files, or folders of files NAME.pub."`
	Pins             string   `type:"path" placeholder:"FILE" help:"Load modules of the folder only if this file lists their hashes, as henge module pin and sha256sum write them."`

	redisGiven bool // RedisURL stands on the command line

	// policy is what the file of Config says.
	policy *policy.Live
}

// logger writes to standard error: for people on a terminal, for machines
// elsewhere.
func (g *globals) logger(s streams) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(g.LogLevel)) // the parser has checked it
	terminal := isTerminal(s.err)
	if g.LogFormat == "json" || (g.LogFormat == "auto" && !terminal) {
		return slog.New(slog.NewJSONHandler(s.err, &slog.HandlerOptions{Level: level, ReplaceAttr: durationsAsText}))
	}
	return slog.New(tint.NewTextHandler(s.err, &tint.Options{
		Level:      level,
		TimeFormat: time.TimeOnly,
		NoColor:    !terminal || os.Getenv("NO_COLOR") != "",
		// The handler lets escape sequences through, and a script chooses the
		// words of its error.
		ReplaceAttr: printableText,
	}))
}

// printableText makes an attribute fit for a terminal.
func printableText(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(printable(v))
	case error:
		a.Value = slog.StringValue(printable(v.Error()))
	case []string:
		a.Value = slog.StringValue(printable(strings.Join(v, " ")))
	}
	return a
}

// durationsAsText writes 20s where the JSON handler would write nanoseconds.
func durationsAsText(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// dataDir returns the folder of henge's own files and makes it. Compiled code
// in it is run as it is, so nobody else may write there.
func (g *globals) dataDir() (string, error) {
	dir := g.Data
	if dir == "" {
		base := os.Getenv("XDG_DATA_HOME")
		if base == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return "", fmt.Errorf("find the user's data folder: %w; name one with --data", err)
			}
			base = filepath.Join(home, ".local", "share")
		}
		dir = filepath.Join(base, "henge")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the data folder: %w; name another with --data", err)
	}
	return dir, nil
}

// loaded is a runtime with its modules.
type loaded struct {
	*registry.Registry
	runtime *sandbox.Runtime
}

// folders are where modules come from: those of a later one replace those of
// the same name. What is built in is as trusted as henge itself.
func (g *globals) folders() ([]registry.Folder, error) {
	folders := []registry.Folder{{Name: "built-in", FS: modules.FS()}}
	if g.Modules != "" {
		folder := registry.Dir(g.Modules)
		var err error
		if folder.Trust, err = g.trust(); err != nil {
			return nil, err
		}
		folders = append(folders, folder)
	}
	return folders, nil
}

// trust is what modules of the folder have to show.
func (g *globals) trust() (*trust.Policy, error) {
	keys, err := trust.ReadPublic(g.RequireSignature...)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return &trust.Policy{Keys: keys, Pins: g.Pins}, nil
}

// load starts a runtime and begins to load the built-in modules and the
// folder's, whose jobs may use no more than limits. With types it only loads
// what has a bearing on these.
func (g *globals) load(ctx context.Context, opts sandbox.Options, limits job.Limits, types ...string) (*loaded, error) {
	return g.open(ctx, opts, registry.Options{Types: types, Limits: limits})
}

// open is load with more to say about the registry than which types.
func (g *globals) open(ctx context.Context, opts sandbox.Options, mods registry.Options) (*loaded, error) {
	var err error
	if mods.Folders, err = g.folders(); err != nil {
		return nil, err
	}
	mods.Log = opts.Log
	rt, err := g.runtime(ctx, opts)
	if err != nil {
		return nil, err
	}
	reg, err := registry.Open(ctx, rt, mods)
	if err != nil {
		_ = rt.Close(ctx)
		return nil, err
	}
	return &loaded{reg, rt}, nil
}

// runtime starts a runtime with its cache in the data folder. A module that
// imports what is not offered is refused, so every command offers all.
func (g *globals) runtime(ctx context.Context, opts sandbox.Options) (*sandbox.Runtime, error) {
	dir, err := g.dataDir()
	if err != nil {
		return nil, err
	}
	opts.CacheDir = filepath.Join(dir, "compiled")
	opts.Policy = g.policy
	if opts.Capabilities == nil {
		opts.Capabilities = capabilities(offer{policy: g.policy})
	}
	return sandbox.New(ctx, opts)
}

// serving returns the module of a script type when it is ready, or says what
// there is instead.
func (l *loaded) serving(ctx context.Context, scriptType string) (*sandbox.Module, error) {
	scriptType = strings.ToLower(scriptType)
	if err := l.Await(ctx, scriptType); err != nil {
		return nil, err
	}
	if m, ok := l.Lookup(scriptType); ok {
		return m, nil
	}
	for _, e := range l.Entries() {
		if e.Reason != "" && slices.Contains(e.Types, scriptType) {
			return nil, fmt.Errorf("the module %s (%s) is refused: %s", e.Name, e.File, e.Reason)
		}
	}
	types := l.Claimed()
	if len(types) == 0 {
		return nil, exitWith(exitNotFound, "there is no module: this henge was built without engines; run make build, or name a folder of .wasm files with --modules")
	}
	return nil, exitWith(exitNotFound, "no module serves the script type %q; there are modules for: %s", scriptType, strings.Join(types, ", "))
}

// idle says how many instances wait for jobs, and what memory they have of
// their own, in bytes.
func (l *loaded) idle() (instances int, memory int64) {
	for _, e := range l.Entries() {
		if e.Module != nil {
			n, of := e.Module.PoolCost()
			instances, memory = instances+n, memory+of
		}
	}
	return instances, memory
}

func (l *loaded) close() {
	ctx := context.Background()
	_ = l.Registry.Close(ctx)
	_ = l.runtime.Close(ctx)
}

// readScript reads a script from a file, or from standard input for "-".
func readScript(s streams, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(s.in)
	}
	b, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		return nil, &exitError{exitNotFound, err}
	}
	return b, err
}

// scriptType is the type given, or the one that the file's name says.
func scriptType(given, file string) (string, error) {
	if given != "" {
		return given, nil
	}
	if ext := filepath.Ext(file); len(ext) > 1 {
		return ext[1:], nil
	}
	return "", exitWith(exitUsage, "the script's type is not known: give it with --type, for example --type rhai")
}
