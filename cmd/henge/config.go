package main

import (
	"fmt"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// configShow is henge config show.
type configShow struct {
	Flags []string `arg:"" optional:"" passthrough:"" name:"flags" help:"Flags of henge worker start, to see what they make of it."`
}

// Run prints what a worker would be started with.
func (c *configShow) Run(s streams, g *globals) error {
	settings, err := g.effective(s, c.Flags)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	t := table{columns: []string{"setting", "value", "source"}}
	for _, one := range settings {
		t.rows = append(t.rows, []any{one.name, one.value, one.source})
	}
	for _, r := range g.policy.Now().Rules {
		t.rows = append(t.rows, []any{r.Kind, r.String(), fmt.Sprintf("%s:%d", filepath.Base(g.Config), r.Line)})
	}
	return g.print(s, t)
}

// configCheck is henge config check.
type configCheck struct{}

// Run tries what henge worker start would read. Parsing the command line has
// read the file already.
func (configCheck) Run(s streams, g *globals) error {
	if g.Config == "" {
		return exitWith(exitUsage, "name the file to check: henge config check --config FILE")
	}
	if _, err := g.effective(s, nil); err != nil {
		return &exitError{exitUsage, err}
	}
	fmt.Fprintf(s.err, "%s is in order.\n", g.Config)
	return nil
}

// setting is a flag, what it would be, and where that comes from.
type setting struct{ name, value, source string }

// effective returns the settings of a worker that is started with the same file,
// in the same environment and with these flags.
func (g *globals) effective(s streams, flags []string) ([]setting, error) {
	var cli commands
	args := slices.Concat([]string{"worker", "start"}, flags)
	if g.Config != "" {
		args = append([]string{"--config=" + g.Config}, args...)
	}
	parsing, err := kong.Trace(newParser(&cli, s, func(int) {}), args)
	if err == nil {
		err = parsing.Error
	}
	if err != nil {
		return nil, err
	}
	if err := parsing.Reset(); err != nil {
		return nil, err
	}
	if err := cli.BeforeResolve(parsing); err != nil {
		return nil, err
	}
	if err := parsing.Resolve(); err != nil {
		return nil, err
	}
	var out []setting
	for _, flag := range settable(parsing.Model) {
		out = append(out, setting{flag.Name, shown(parsing.FlagValue(flag)), sourceOf(parsing, flag, cli.globals.policy.Now().Settings[flag.Name].Line, g.Config)})
	}
	return out, nil
}

// sourceOf says where a flag's value comes from.
func sourceOf(parsing *kong.Context, flag *kong.Flag, line int, file string) string {
	i := slices.IndexFunc(parsing.Path, func(p *kong.Path) bool { return p.Flag == flag })
	switch {
	case i >= 0 && parsing.Path[i].Resolved:
		return fmt.Sprintf("%s:%d", filepath.Base(file), line)
	case i >= 0:
		return "--" + flag.Name
	case envOf(flag) != "":
		return envOf(flag)
	default:
		return "default"
	}
}

// shown is a value for people, without passwords.
func shown(v any) string {
	r := reflect.ValueOf(v)
	switch {
	case r.Kind() == reflect.Slice:
		var all []string
		for i := range r.Len() {
			all = append(all, shown(r.Index(i).Interface()))
		}
		return strings.Join(all, " ")
	case r.Kind() == reflect.Map:
		var all []string
		for _, key := range r.MapKeys() {
			all = append(all, fmt.Sprintf("%v=%v", key, r.MapIndex(key)))
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	case r.IsZero() && r.Kind() != reflect.Bool && r.Kind() != reflect.Int:
		return ""
	}
	text := fmt.Sprint(v)
	if u, err := url.Parse(text); err == nil && u.User != nil {
		return u.Redacted()
	}
	return text
}
