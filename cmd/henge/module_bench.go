package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/bench"
)

// moduleBench is henge module bench.
type moduleBench struct {
	Files   []string      `arg:"" type:"path" name:"file" help:"The .wasm files."`
	Payload *string       `placeholder:"TEXT|@FILE" help:"What the job is given, @- for standard input; by default 40 + 2 in the language of an engine that henge knows, {} for a module whose manifest has arguments, and nothing otherwise. The job must need no data and no other server."`
	Time    time.Duration `default:"500ms" help:"How long each way is measured, in all rounds together."`
	Rounds  int           `default:"20" help:"How often each way has its turn; what is shown are medians of the rounds."`
}

// Validate is called by the parser.
func (c *moduleBench) Validate() error {
	if c.Time <= 0 {
		return fmt.Errorf("--time is %s and must be above zero, for example 500ms", c.Time)
	}
	if c.Rounds < 1 {
		return fmt.Errorf("--rounds is %d and must be at least 1", c.Rounds)
	}
	return nil
}

// Run measures the modules one after another.
func (c *moduleBench) Run(ctx context.Context, s streams, g *globals) error {
	t := table{columns: []string{"name", "size", "load_ns", "cached_load_ns", "snapshot", "reset_ns", "new_ns", "new_to_reset", "fuel", "empty_fuel", "not_reset"}}
	given, err := c.payload(s)
	if err != nil {
		return err
	}
	for _, file := range c.Files {
		parts, manifest, err := modulePartsOf(file)
		if err != nil {
			return err
		}
		payload := given
		if c.Payload == nil {
			payload = shortest(manifest)
		}
		engine := bench.Engine{Binary: parts.Module, Manifest: manifest}
		m, err := bench.RunModule(ctx, bench.Options{Time: c.Time, Rounds: c.Rounds, Log: g.logger(s)}, engine, payload)
		if err != nil {
			return fmt.Errorf("measure %s: %w", file, err)
		}
		times := 0.0
		if m.Reset > 0 {
			times = float64(m.New) / float64(m.Reset)
		}
		t.rows = append(t.rows, []any{
			manifest.Name, byteSize(m.Size), m.Cold, m.Cached, byteSize(m.SnapshotSize), m.Reset, m.New, rounded(times, 1),
			m.Fuel, m.EmptyFuel, m.NotReset,
		})
	}
	if g.Output == "table" {
		t = heading{table: t}.forPeople()
	}
	return g.print(s, t)
}

// payload is what --payload says, nil where it is not given.
func (c *moduleBench) payload(s streams) ([]byte, error) {
	if c.Payload == nil {
		return nil, nil
	}
	file, isFile := strings.CutPrefix(*c.Payload, "@")
	if !isFile {
		return []byte(*c.Payload), nil
	}
	return readScript(s, file)
}

// shortest is the shortest script that there is for an engine, and the shortest
// arguments that may do for a runner that checks them.
func shortest(manifest *abi.Manifest) []byte {
	for _, s := range bench.Scripts(manifest.Name) {
		return []byte(s.Source)
	}
	if len(manifest.Arguments) > 0 {
		return []byte("{}")
	}
	return nil
}
