package main

import "fmt"

// Exit codes.
const (
	exitOK        = 0
	exitFailed    = 1 // henge itself could not do it
	exitUsage     = 2 // the command line is wrong
	exitJobFailed = 3 // the job ended in error
	exitTimeout   = 4 // the job, or waiting for it, took too long
	exitNotFound  = 5 // there is no such job, file or module
)

// exitError is an error that says how the process should end.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func exitWith(code int, format string, args ...any) error {
	return &exitError{code, fmt.Errorf(format, args...)}
}
