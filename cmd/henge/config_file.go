package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/henge-run/henge/host/policy"
)

// BeforeResolve reads the file of --config, whose settings stand for flags of
// henge worker start that neither the command line nor the environment has. The
// parser calls it.
func (c *commands) BeforeResolve(parsing *kong.Context) error {
	model := parsing.Model
	path := ""
	for _, flag := range model.Flags {
		if flag.Name == "config" {
			path = fmt.Sprint(parsing.FlagValue(flag))
		}
	}
	if path != "" {
		path = kong.ExpandPath(path)
	}
	var names []string
	for _, flag := range settable(model) {
		names = append(names, flag.Name)
	}
	live, err := policy.Open(path, names)
	if err != nil {
		return err
	}
	c.policy = live
	parsing.AddResolver(settingsOf{path, live.Now()})
	return nil
}

// settable are the flags that the file may set: those of henge worker start and
// of every command.
func settable(model *kong.Application) []*kong.Flag {
	flags := slices.Concat(model.Flags, workerStartOf(model).Flags)
	return slices.DeleteFunc(flags, func(f *kong.Flag) bool { return f.Name == "help" || f.Name == "config" })
}

func workerStartOf(model *kong.Application) *kong.Node {
	node := model.Node
	for _, name := range []string{"worker", "start"} {
		i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == name })
		node = node.Children[i]
	}
	return node
}

// settingsOf resolves flags from a file.
type settingsOf struct {
	path   string
	policy *policy.Policy
}

// Validate implements kong.Resolver. The policy has checked the names.
func (settingsOf) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver. A value that the flag does not take is told
// with its line.
func (s settingsOf) Resolve(parsing *kong.Context, parent *kong.Path, flag *kong.Flag) (any, error) {
	setting, ok := s.policy.Settings[flag.Name]
	ofWorker := parent.App != nil || parent.Command == workerStartOf(parsing.Model)
	if !ok || !ofWorker || envOf(flag) != "" || excluded(parsing, flag) {
		return nil, nil
	}
	value := flagValue(setting.Value)
	trial := reflect.New(flag.Target.Type()).Elem()
	err := flag.Parse(kong.Scan().PushTyped(value, kong.FlagValueToken), trial)
	if err == nil {
		err = inEnum(flag, trial)
	}
	if err != nil {
		return nil, fmt.Errorf("%s, line %d: %s", s.path, setting.Line, strings.TrimPrefix(err.Error(), "--"+flag.Name+": "))
	}
	return value, nil
}

// flagValue is a value of TOML as it would be written for a flag.
func flagValue(v any) any {
	switch v := v.(type) {
	case bool, []any, map[string]any:
		return v
	default:
		return fmt.Sprint(v)
	}
}

// envOf returns the variable that sets the flag, empty for none.
func envOf(flag *kong.Flag) string {
	for _, name := range flag.Tag.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return name
		}
	}
	return ""
}

// excluded says whether the command line has a flag that this one cannot stand
// beside.
func excluded(parsing *kong.Context, flag *kong.Flag) bool {
	return slices.ContainsFunc(parsing.Path, func(p *kong.Path) bool {
		return p.Flag != nil && p.Flag != flag && !p.Resolved &&
			slices.ContainsFunc(p.Flag.Xor, func(x string) bool { return slices.Contains(flag.Xor, x) })
	})
}

// inEnum is what the parser would find itself, without the line.
func inEnum(flag *kong.Flag, value reflect.Value) error {
	if flag.Enum == "" {
		return nil
	}
	given := []string{fmt.Sprint(value.Interface())}
	if list, ok := value.Interface().([]string); ok {
		given = list
	}
	for _, one := range given {
		if !slices.Contains(strings.Split(flag.Enum, ","), one) {
			return fmt.Errorf("%.40q is not one of %s", one, strings.ReplaceAll(flag.Enum, ",", ", "))
		}
	}
	return nil
}

// watchConfig follows the file of --config, also when the process gets SIGHUP,
// until what it returns is called.
func (g *globals) watchConfig(ctx context.Context, log *slog.Logger) (stop func()) {
	if g.Config == "" {
		return func() {}
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := g.policy.Watch(ctx, log, again); err != nil {
			log.Error("changes of the configuration are not seen", "file", g.Config, "err", err)
		}
	}()
	return func() {
		signal.Stop(again)
		cancel()
		<-done
	}
}
