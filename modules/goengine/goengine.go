// Package goengine is what engines written in Go share: a job from its payload
// to its result, the host's functions in values of no language, and room in
// memory. It imports the Go kit alone and knows no language.
//
// Values are those of the kit: nil, bool, int64, float64, string, []byte, []any
// and map[string]any. An instance runs one job at a time, so nothing here is
// for concurrent use.
package goengine

import (
	"errors"
	"fmt"
	"unicode/utf8"

	henge "github.com/henge-run/henge/guest/go"
)

// Codes of a script that cannot be read, and of one that failed.
const (
	ParseError  = "parse_error"
	ScriptError = "script_error"
)

// Job is what an engine runs.
type Job struct {
	Script         string
	Circle, Caller string
}

// Host is the host as the scripts of one instance see it. The zero value works.
type Host struct {
	written bool // the script has called output
}

// Run carries out the job that there is, and returns the number for henge_run
// to return. eval runs the script and returns the value that it ends with,
// which is the result of a job that has written none. The error that eval
// returns is the job's; one that is neither a henge.Failure nor a henge.Error
// gets the code ScriptError.
func (h *Host) Run(eval func(*Job) (any, error)) int32 {
	h.written = false
	return henge.Finish(h.run(eval))
}

func (h *Host) run(eval func(*Job) (any, error)) error {
	script, err := henge.Input()
	if err != nil {
		return err
	}
	if at := notText(script); at >= 0 {
		return &henge.Failure{
			Message: fmt.Sprintf("the script is not valid UTF-8 at byte %d", at),
			Code:    henge.InvalidArgument.String(), NoRetry: true,
		}
	}
	circle, caller, err := henge.Identity()
	if err != nil {
		return err
	}
	value, err := eval(&Job{Script: string(script), Circle: circle, Caller: caller})
	if err != nil {
		return coded(err)
	}
	if h.written {
		return nil
	}
	return henge.Output(Text(value))
}

// notText is where text stops to be UTF-8; -1 where it does not.
func notText(text []byte) int {
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
	return -1
}

func coded(err error) error {
	var failure *henge.Failure
	var refusal *henge.Error
	if errors.As(err, &failure) || errors.As(err, &refusal) {
		return err
	}
	return &henge.Failure{Message: err.Error(), Code: ScriptError}
}
