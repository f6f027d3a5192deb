package casefile

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// Serving returns the module for a type, which is empty where a case says none.
type Serving func(ctx context.Context, scriptType string) (*sandbox.Module, error)

// Outcome is what came of a case.
type Outcome struct {
	c        *Case
	result   *job.Result
	calls    []hosttest.Call
	problems []string
}

// Run runs a case in a host, which is reset and emptied before. With update, calls that are
// not expected go to their capabilities, and Updated gives the file with what
// was seen. An error means that the case could not be run.
func (c *Case) Run(ctx context.Context, h *hosttest.Host, serving Serving, update bool) (*Outcome, error) {
	if err := h.Empty(ctx); err != nil {
		return nil, err
	}
	if c.role != capability.Stranger {
		if err := h.SetMember(ctx, c.Job.Circle, c.Job.Caller, c.role); err != nil {
			return nil, err
		}
	}
	for i := range c.before {
		h.Reset()
		r, err := run(ctx, h, serving, &c.before[i])
		if err != nil {
			return nil, err
		}
		if r.End != job.Success {
			return nil, fmt.Errorf("what runs before failed: %s", errorOf(r))
		}
	}
	h.Reset()
	for _, f := range c.faults {
		h.Inject(f)
	}
	calls, watched := c.section(callsSection)
	if err := h.ExpectCalls(calls); err != nil {
		return nil, err
	}
	if watched && !update {
		h.Strict()
	}
	r, err := run(ctx, h, serving, &c.Job)
	if err != nil {
		return nil, err
	}
	return &Outcome{c, r, h.Outside(), h.Problems()}, nil
}

func run(ctx context.Context, h *hosttest.Host, serving Serving, j *job.Job) (*job.Result, error) {
	m, err := serving(ctx, j.Type)
	if err != nil {
		return nil, err
	}
	return h.Run(ctx, m, j), nil
}

// Differences says in what the outcome is not what the case expects: nothing
// for a case that holds.
func (o *Outcome) Differences() string {
	var b strings.Builder
	for _, name := range []string{errorSection, outputSection, base64Section, callsSection, logSection} {
		want, given := o.c.section(name)
		if !given && name != errorSection {
			continue
		}
		seen := o.seen(name)
		if name == callsSection {
			if len(o.problems) == 0 {
				continue
			}
			fmt.Fprintln(&b, strings.Join(o.problems, "\n"))
			parsed, _ := hosttest.ParseCalls(want) // Parse has read it before
			want = hosttest.FormatCalls(parsed)
		}
		if strings.TrimSuffix(want, "\n") != strings.TrimSuffix(seen, "\n") {
			d := diff.Diff(name+" as expected", []byte(want), name+" as seen", []byte(seen))
			// The line above the names says the same.
			b.Write(d[bytes.IndexByte(d, '\n')+1:])
		}
	}
	return b.String()
}

// Updated returns the file with what was seen in place of what was expected.
// Calls that came as expected stay as they are written, and a log is compared
// only where the file has one.
func (o *Outcome) Updated() []byte {
	a := *o.c.archive
	a.Files = slices.Clone(a.Files)
	if _, given := o.c.section(callsSection); len(o.problems) > 0 || !given && len(o.calls) > 0 || len(o.calls) > 0 && !o.allExpected() {
		put(&a, callsSection, o.seen(callsSection))
	}
	put(&a, errorSection, o.seen(errorSection))
	if isText(o.result.Output) {
		put(&a, base64Section, "")
		put(&a, outputSection, o.seen(outputSection))
	} else {
		put(&a, outputSection, "")
		put(&a, base64Section, o.seen(base64Section))
	}
	if _, given := o.c.section(logSection); given {
		put(&a, logSection, o.seen(logSection))
	}
	return txtar.Format(&a)
}

// allExpected says whether as many calls came as are expected; that these did
// come is known by then.
func (o *Outcome) allExpected() bool {
	text, _ := o.c.section(callsSection)
	parsed, _ := hosttest.ParseCalls(text)
	return len(parsed) == len(o.calls)
}

// put sets a section, at the end where it is new, and removes one that is empty.
func put(a *txtar.Archive, name, text string) {
	at := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == name })
	switch {
	case text == "" && at >= 0:
		a.Files = slices.Delete(a.Files, at, at+1)
	case text == "":
	case at >= 0:
		a.Files[at].Data = []byte(text)
	default:
		a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(text)})
	}
}

// seen is what came of the case, as the section would have it.
func (o *Outcome) seen(section string) string {
	r := o.result
	switch section {
	case callsSection:
		return hosttest.FormatCalls(o.calls)
	case errorSection:
		return errorOf(r)
	case logSection:
		return logOf(r)
	case base64Section:
		return lineEnd(base64.StdEncoding.EncodeToString(r.Output))
	}
	if !isText(r.Output) {
		return fmt.Sprintf("(%d bytes that are no text; a section %s has them)\n", len(r.Output), base64Section)
	}
	return lineEnd(string(r.Output))
}

// isText says whether an output can stand in a case as it is.
func isText(b []byte) bool {
	return utf8.Valid(b) && !txtar.NeedsQuote(b) && !bytes.ContainsRune(b, '\r')
}

func errorOf(r *job.Result) string {
	if r.End == job.Success {
		return ""
	}
	return indented(r.End.String() + ": " + r.Error)
}

func logOf(r *job.Result) string {
	var b strings.Builder
	for _, l := range r.Log {
		line := l.Level.String() + ": " + l.Text
		if len(l.Fields) > 0 {
			if fields, err := abi.Encode(abi.JSON, abi.Value{V: l.Fields}); err == nil {
				line += " " + string(fields)
			}
		}
		b.WriteString(indented(line))
	}
	return b.String()
}

// indented makes text one entry of a section: its further lines are indented,
// so that none is taken for another entry or section.
func indented(text string) string {
	text = strings.TrimRight(strings.ToValidUTF8(text, "\uFFFD"), "\n")
	return strings.ReplaceAll(text, "\n", "\n    ") + "\n"
}

func lineEnd(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}
