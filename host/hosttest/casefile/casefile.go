// Package casefile tests modules by text files: a script or a payload, the
// host calls that it should make with their answers, and what should come of
// it. README.md beside the package hosttest has the format.
//
// It runs jobs by hosttest alone, and may not import the sandbox's runtime or
// the queue.
package casefile

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/job"
)

// Case is one file.
type Case struct {
	// Job is what is run. Its type is empty where the file does not say one.
	Job job.Job

	// role is what the caller is to the circle, where it is a member.
	role capability.Role

	// before are run first, by the circle's owner.
	before []job.Job

	faults []hosttest.Fault

	archive *txtar.Archive
}

// The sections that say what should come of a case. What has no section is not
// compared, but for errors: without one the job has to succeed.
const (
	callsSection  = "calls"
	outputSection = "output"
	base64Section = "output.base64" // in place of a text
	errorSection  = "error"
	logSection    = "log"
)

// Sections whose names end in the script's type, and those of what goes in.
const (
	scriptPrefix   = "script."
	beforePrefix   = "before."
	payloadSection = "payload"
	faultsSection  = "faults"
)

// defaultTimeout is short since a test that hangs should not take a minute.
const defaultTimeout = 10 * time.Second

// Parse reads a case. An error says where in the file it is.
func Parse(text []byte) (*Case, error) {
	c := &Case{archive: txtar.Parse(text)}
	c.Job.Circle, c.Job.Timeout = hosttest.Circle, defaultTimeout
	said, err := c.readSettings()
	if err != nil {
		return nil, err
	}
	if !said["caller"] {
		c.Job.Caller = c.Job.Circle
	}
	seen := map[string]bool{}
	for _, f := range c.archive.Files {
		kind := strings.TrimSuffix(f.Name, path.Ext(f.Name))
		if f.Name == base64Section || f.Name == outputSection {
			kind = outputSection
		}
		if seen[kind] && kind != "before" {
			return nil, fmt.Errorf("there are two sections %s", kind)
		}
		seen[kind] = true
		if err := c.readSection(f, said["type"]); err != nil {
			return nil, fmt.Errorf("section %s: %w", f.Name, err)
		}
	}
	if seen["script"] == seen[payloadSection] {
		return nil, fmt.Errorf("a case has either a section script.TYPE, such as script.rhai, or a section payload")
	}
	for i := range c.before {
		c.before[i].Circle, c.before[i].Caller, c.before[i].Timeout = c.Job.Circle, c.Job.Circle, c.Job.Timeout
	}
	return c, nil
}

// Types are the script types that the case needs modules for.
func (c *Case) Types() []string {
	types := []string{c.Job.Type}
	for _, j := range c.before {
		types = append(types, j.Type)
	}
	return types
}

func (c *Case) readSection(f txtar.File, typed bool) error {
	text := strings.TrimSuffix(string(f.Data), "\n")
	switch {
	case strings.HasPrefix(f.Name, scriptPrefix):
		c.Job.Payload = []byte(text)
		if !typed {
			c.Job.Type = strings.TrimPrefix(f.Name, scriptPrefix)
		}
		return nil
	case strings.HasPrefix(f.Name, beforePrefix):
		c.before = append(c.before, job.Job{Type: strings.TrimPrefix(f.Name, beforePrefix), Payload: []byte(text)})
		return nil
	}
	var err error
	switch f.Name {
	case payloadSection:
		c.Job.Payload = []byte(text)
	case faultsSection:
		c.faults, err = parseFaults(text)
	case callsSection:
		_, err = hosttest.ParseCalls(text)
	case outputSection, base64Section, errorSection, logSection:
	default:
		return fmt.Errorf("there is no such section; there are script.TYPE, payload, before.TYPE, faults, calls, output, output.base64, error, log")
	}
	return err
}

// section returns what should come of a case in one respect.
func (c *Case) section(name string) (string, bool) {
	for _, f := range c.archive.Files {
		if f.Name == name {
			return string(f.Data), true
		}
	}
	return "", false
}
