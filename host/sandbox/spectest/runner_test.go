package spectest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// runner carries out one script in a runtime of its own.
type runner struct {
	script    *script
	rewriting rewriting
	runtime   wazero.Runtime

	current    api.Module            // the latest instance
	named      map[string]api.Module // by the script's name for a module
	registered map[string]api.Module // by the name that others import it by
	guests     map[api.Module]guest  // all instances
}

// guest is what an instance is made of.
type guest struct {
	compiled wazero.CompiledModule
	rewritten
}

// newRunner returns a runner with the module spectest, which scripts import,
// ready for them. Close its runtime.
func newRunner(ctx context.Context, s *script, rw rewriting, features api.CoreFeatures) (*runner, error) {
	r := &runner{
		script:     s,
		rewriting:  rw,
		runtime:    wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCoreFeatures(features)),
		named:      map[string]api.Module{},
		registered: map[string]api.Module{},
		guests:     map[api.Module]guest{},
	}
	binary, err := s.read(filepath.Join("..", "..", "testdata", "spectest.wasm"))
	if err != nil {
		return nil, err
	}
	if _, err := r.runtime.InstantiateWithConfig(ctx, binary, wazero.NewModuleConfig().WithName("spectest")); err != nil {
		return nil, fmt.Errorf("instantiate spectest: %w", err)
	}
	if rw.offer != nil {
		if err := rw.offer(ctx, r.runtime); err != nil {
			return nil, fmt.Errorf("offer what rewritten modules import: %w", err)
		}
	}
	return r, nil
}

// do carries out a command. Its error says what was not as the script expects.
func (r *runner) do(ctx context.Context, c *command) error {
	switch c.Type {
	case "module":
		return r.module(ctx, c)
	case "register":
		instance, err := r.instance(c.Name)
		r.registered[c.As] = instance
		return err
	case "action":
		_, err := r.act(ctx, &c.Action)
		return err
	case "assert_return":
		return r.returns(ctx, c)
	case "assert_trap":
		_, err := r.act(ctx, &c.Action)
		return trapped(err, trapOf(c.Text))
	case "assert_exhaustion":
		_, err := r.act(ctx, &c.Action)
		return trapped(err, cmp.Or(r.rewriting.exhausted, "stack overflow"))
	case "assert_malformed", "assert_invalid":
		return r.refuses(ctx, c)
	case "assert_unlinkable", "assert_uninstantiable":
		return r.fails(ctx, c)
	}
	return fmt.Errorf("commands of type %q are not known", c.Type)
}

// module makes an instance that later commands use.
func (r *runner) module(ctx context.Context, c *command) error {
	compiled, rewritten, err := r.load(ctx, c.Filename)
	if err != nil {
		return err
	}
	r.current, err = r.instantiate(ctx, compiled, rewritten)
	if err == nil && c.Name != "" {
		r.named[c.Name] = r.current
	}
	return err
}

// load rewrites and compiles a module.
func (r *runner) load(ctx context.Context, filename string) (wazero.CompiledModule, rewritten, error) {
	binary, err := r.script.read(filename)
	if err != nil {
		return nil, rewritten{}, &unreadable{err}
	}
	compiled, out, err := r.compile(ctx, binary)
	if err != nil {
		return nil, rewritten{}, fmt.Errorf("%s: %w", filename, err)
	}
	return compiled, out, nil
}

func (r *runner) compile(ctx context.Context, binary []byte) (wazero.CompiledModule, rewritten, error) {
	out, err := r.rewriting.rewrite(binary)
	if err != nil {
		return nil, rewritten{}, fmt.Errorf("rewrite: %w", err)
	}
	compiled, err := r.runtime.CompileModule(ctx, out.binary)
	if err != nil {
		return nil, rewritten{}, fmt.Errorf("compile: %w", err)
	}
	return compiled, out, nil
}

// unreadable is a missing file, which must not pass for a refused module.
type unreadable struct{ error }

// instantiate makes an instance that is ready for calls.
func (r *runner) instantiate(ctx context.Context, compiled wazero.CompiledModule, rewritten rewritten) (api.Module, error) {
	instance, err := r.link(ctx, guest{compiled, rewritten})
	if err != nil {
		return nil, err
	}
	if rewritten.ready != nil {
		if err := rewritten.ready(ctx, instance); err != nil {
			return nil, fmt.Errorf("make the instance ready: %w", err)
		}
	}
	return instance, nil
}

// link instantiates a module with the imports that are registered at this
// point of the script. Instances have no names of their own in the runtime: a
// script may register one later, or twice.
func (r *runner) link(ctx context.Context, g guest) (api.Module, error) {
	ctx = experimental.WithImportResolver(ctx, func(name string) api.Module {
		return r.registered[name]
	})
	instance, err := r.runtime.InstantiateModule(ctx, g.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return nil, fmt.Errorf("instantiate: %w", err)
	}
	r.guests[instance] = g
	return instance, nil
}

// renew puts a fresh instance with the same state in the place of one, where
// the rewriting can do that and no other instance may hold on to it.
func (r *runner) renew(ctx context.Context, instance api.Module) (api.Module, error) {
	g := r.guests[instance]
	if g.restore == nil || slices.Contains(slices.Collect(maps.Values(r.registered)), instance) {
		return instance, nil
	}
	fresh, err := r.link(ctx, g)
	if err != nil {
		return nil, err
	}
	if err := g.restore(instance, fresh); err != nil {
		return nil, err
	}
	if r.current == instance {
		r.current = fresh
	}
	for name, named := range r.named {
		if named == instance {
			r.named[name] = fresh
		}
	}
	delete(r.guests, instance)
	return fresh, instance.Close(ctx)
}

// surface readies all instances for a call from outside, which may pass
// through any of them.
func (r *runner) surface() {
	for instance, g := range r.guests {
		if g.before != nil {
			g.before(instance)
		}
	}
}

// instance finds one by the script's name for it, or the latest.
func (r *runner) instance(name string) (api.Module, error) {
	instance := r.current
	if name != "" {
		instance = r.named[name]
	}
	if instance == nil {
		return nil, fmt.Errorf("there is no instance %q", name)
	}
	return instance, nil
}

// act carries out an action and returns its results in the runtime's words.
func (r *runner) act(ctx context.Context, a *action) ([]uint64, error) {
	instance, err := r.instance(a.Module)
	if err != nil {
		return nil, err
	}
	if instance, err = r.renew(ctx, instance); err != nil {
		return nil, err
	}
	switch a.Type {
	case "get":
		global := instance.ExportedGlobal(a.Field)
		if global == nil {
			return nil, fmt.Errorf("it exports no global %q", a.Field)
		}
		return []uint64{global.Get()}, nil
	case "invoke":
		function := instance.ExportedFunction(a.Field)
		if function == nil {
			return nil, fmt.Errorf("it exports no function %q", a.Field)
		}
		var params []uint64
		for _, arg := range a.Args {
			words, err := arg.encode()
			if err != nil {
				return nil, err
			}
			params = append(params, words...)
		}
		r.surface()
		return function.Call(ctx, params...)
	}
	return nil, fmt.Errorf("actions of type %q are not known", a.Type)
}

func (r *runner) returns(ctx context.Context, c *command) error {
	got, err := r.act(ctx, &c.Action)
	if err != nil {
		return err
	}
	rest := got
	for i, want := range c.Expected {
		if len(rest) < want.words() {
			return fmt.Errorf("it returned %#x, too little for %v", got, c.Expected)
		}
		ok, err := want.matches(rest[:want.words()])
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("result %d is %#x and should be %v", i, rest[:want.words()], want)
		}
		rest = rest[want.words():]
	}
	if len(rest) > 0 {
		return fmt.Errorf("it returned %#x, too much for %v", got, c.Expected)
	}
	return nil
}

func (r *runner) refuses(ctx context.Context, c *command) error {
	compiled, _, err := r.load(ctx, c.Filename)
	if _, missing := errors.AsType[*unreadable](err); missing {
		return err
	}
	if err == nil {
		return errors.Join(fmt.Errorf("%s is accepted, and should be refused: %s", c.Filename, c.Text), compiled.Close(ctx))
	}
	return nil
}

// fails expects a valid module that becomes no instance.
func (r *runner) fails(ctx context.Context, c *command) error {
	compiled, rewritten, err := r.load(ctx, c.Filename)
	if err != nil {
		return err
	}
	_, err = r.instantiate(ctx, compiled, rewritten)
	if err == nil {
		return fmt.Errorf("%s is instantiated, and should fail: %s", c.Filename, c.Text)
	}
	if c.Type == "assert_uninstantiable" {
		return trapped(err, trapOf(c.Text))
	}
	return nil
}

// trapOf gives the runtime's name for a trap, by that in the specification's
// tests.
func trapOf(text string) string {
	switch {
	case strings.HasPrefix(text, "uninitialized"), strings.HasPrefix(text, "undefined"), text == "out of bounds table access":
		return "invalid table access"
	case text == "indirect call":
		return "indirect call type mismatch"
	}
	return text
}

func trapped(err error, want string) error {
	if err == nil {
		return fmt.Errorf("it returned, and should trap with %q", want)
	}
	if !strings.Contains(err.Error(), want) {
		return fmt.Errorf("it should trap with %q: %w", want, err)
	}
	return nil
}
