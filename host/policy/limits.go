package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/henge-run/henge/host/job"
)

// budget is a field of job.Limits under the name that it has in the file.
type budget struct {
	name  string
	field func(*job.Limits) *int64 // nil for a time
	parse func(string) (int64, error)
}

func budgets() []budget {
	return []budget{
		{"memory", func(l *job.Limits) *int64 { return &l.Memory }, ParseSize},
		{"fuel", func(l *job.Limits) *int64 { return &l.Fuel }, ParseCount},
		{"depth", func(l *job.Limits) *int64 { return &l.Depth }, ParseCount},
		{"wall", nil, nil},
		{"input", func(l *job.Limits) *int64 { return &l.Input }, ParseSize},
		{"output", func(l *job.Limits) *int64 { return &l.Output }, ParseSize},
		{"log", func(l *job.Limits) *int64 { return &l.Log }, ParseSize},
		{"host-calls", func(l *job.Limits) *int64 { return &l.HostCalls }, ParseCount},
	}
}

// set reads the budget's value into l.
func (b budget) set(l *job.Limits, text string) (err error) {
	if b.field == nil {
		l.Wall, err = ParsePeriod(text)
		return err
	}
	*b.field(l), err = b.parse(text)
	return err
}

func budgetNames() []string {
	var names []string
	for _, b := range budgets() {
		names = append(names, b.name)
	}
	return names
}

// limitsText returns the budgets that are set.
func limitsText(l job.Limits) string {
	var said []string
	for _, b := range budgets() {
		switch {
		case b.field == nil && l.Wall != 0:
			said = append(said, fmt.Sprintf("%s %s", b.name, time.Duration(l.Wall)))
		case b.field != nil && *b.field(&l) != 0:
			said = append(said, fmt.Sprintf("%s %d", b.name, *b.field(&l)))
		}
	}
	return strings.Join(said, ", ")
}
