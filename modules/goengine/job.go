package goengine

import (
	"fmt"

	henge "github.com/henge-run/henge/guest/go"
)

func (h *Host) jobFunctions() []Function {
	all := []Function{
		{"output", h.output, 1, 1},
		{"progress", progress, 1, 3},
	}
	for name, level := range map[string]henge.Level{"log_debug": henge.Debug, "log_info": henge.Info, "log_warn": henge.Warn, "log_error": henge.Fault} {
		all = append(all, Function{name, func(args []any) (any, error) { return nil, line(level, args) }, 1, 2})
	}
	return all
}

func (h *Host) output(args []any) (any, error) {
	h.written = true
	return nil, henge.Output(Text(args[0]))
}

func progress(args []any) (any, error) {
	numbers := make([]float64, 2)
	for i, v := range args[:min(len(args), 2)] {
		switch v := v.(type) {
		case int64:
			numbers[i] = float64(v)
		case float64:
			numbers[i] = v
		default:
			return nil, wrong(fmt.Sprintf("progress takes numbers, and not %s", kind(v)))
		}
	}
	said := ""
	if len(args) == 3 {
		var err error
		if said, err = text("the third argument of progress", args[2]); err != nil {
			return nil, err
		}
	}
	return nil, henge.Progress(numbers[0], numbers[1], said)
}

// line writes a line. One that cannot be written is no reason for a script to
// fail.
func line(level henge.Level, args []any) error {
	beside, err := fields("what stands beside a line", args, 1)
	if err == nil {
		_ = henge.Log(level, string(Text(args[0])), beside)
	}
	return err
}

// Print writes what a script prints to the log.
func Print(text string) { _ = henge.Log(henge.Info, text, nil) }
