// Package policy is the operator's word on what scripts may do: which modules
// may use which capabilities in which circles, the hosts that they may reach,
// and their limits. It reads one TOML file, tells the line of each mistake, and
// reads it again when it changes. It knows no queue and no sandbox.
package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/http"
	"github.com/henge-run/henge/host/job"
)

// Policy is what one file says. The zero value is the policy without a file:
// all that stays inside a circle is granted, and no host can be reached. It is
// not changed once it was read, and safe for concurrent use.
type Policy struct {
	// Settings are the worker's flags that the file sets, by name.
	Settings map[string]Setting

	// Rules are the others, in the order of the file.
	Rules []Rule
}

// Setting is a flag's value, as TOML has it, and the line where it stands.
type Setting struct {
	Value any
	Line  int
}

// Rule says something about the jobs of some modules in some circles.
type Rule struct {
	// Kind is deny, http, limit or share, and Line where the rule begins.
	Kind string
	Line int

	// Circles and Modules are those that it is about; none are all.
	Circles, Modules []string

	// Deny are the import modules that may not be used.
	Deny []string

	// HTTP is what may be reached.
	HTTP http.Rule

	// Limits are the most that a job may use.
	Limits job.Limits

	// Share is how many of a circle's jobs run.
	Share Share
}

// Share is a circle's part of the workers. Zero says nothing.
type Share struct {
	// Running is the most of its jobs that run at once, over all workers.
	Running int

	// Weight is how many jobs in a row it gets when its turn comes.
	Weight int
}

// The kinds of rules.
const (
	kindDeny  = "deny"
	kindHTTP  = "http"
	kindLimit = "limit"
	kindShare = "share"
)

// about says whether the rule is about a module's jobs in a circle.
func (r Rule) about(module, circle string) bool {
	return (len(r.Circles) == 0 || slices.Contains(r.Circles, circle)) &&
		(len(r.Modules) == 0 || slices.Contains(r.Modules, module))
}

var (
	_ capability.Policy = (*Policy)(nil)
	_ http.Policy       = (*Policy)(nil)
)

// Grants implements capability.Policy: what a deny rule names is refused, and
// http where no rule names a host.
func (p *Policy) Grants(module, circle, name string) error {
	reason, how := p.Refuses(module, circle, name)
	if reason == "" {
		return nil
	}
	return &abi.Error{Code: abi.AccessDenied, Message: fmt.Sprintf("the module %s may not use %s in the circle %s: %s; %s", module, name, circle, reason, how)}
}

// Refuses returns why a module may not use a capability in a circle, and what
// else there is to say of it; empty where it may. An empty circle is any that
// no rule names.
func (p *Policy) Refuses(module, circle, name string) (reason, more string) {
	for _, r := range p.Rules {
		if slices.Contains(r.Deny, name) && r.about(module, circle) {
			return "the operator has denied it", fmt.Sprintf("line %d of the worker's configuration says so", r.Line)
		}
	}
	if name == abi.HTTPV1 && len(p.HTTP(module, circle)) == 0 {
		return "the operator has named no host for it", http.HowToGrant(module, circle, "api.example.com")
	}
	return "", ""
}

// Circles returns those that any rule names, sorted.
func (p *Policy) Circles() []string {
	var all []string
	for _, r := range p.Rules {
		all = append(all, r.Circles...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// HTTP implements http.Policy.
func (p *Policy) HTTP(module, circle string) []http.Rule {
	var rules []http.Rule
	for _, r := range p.Rules {
		if r.Kind == kindHTTP && r.about(module, circle) {
			rules = append(rules, r.HTTP)
		}
	}
	return rules
}

// Limits returns the most that a module's jobs may use in a circle: of each
// budget the smallest of all rules. Zero says nothing.
func (p *Policy) Limits(module, circle string) job.Limits {
	var limits job.Limits
	for _, r := range p.Rules {
		if r.Kind == kindLimit && r.about(module, circle) {
			limits = limits.Within(r.Limits)
		}
	}
	return limits
}

// Shares returns what is said of all circles and, instead of it, of named ones.
// Of two rules about the same the later counts.
func (p *Policy) Shares() (all Share, circles map[string]Share) {
	circles = map[string]Share{}
	for _, r := range p.Rules {
		if r.Kind != kindShare {
			continue
		}
		if len(r.Circles) == 0 {
			all = r.Share.over(all)
		}
		for _, name := range r.Circles {
			circles[name] = r.Share.over(circles[name])
		}
	}
	return all, circles
}

// over returns s, and what t says where s says nothing.
func (s Share) over(t Share) Share {
	return Share{cmp.Or(s.Running, t.Running), cmp.Or(s.Weight, t.Weight)}
}

// String returns what the share says.
func (s Share) String() string {
	var said []string
	if s.Running > 0 {
		said = append(said, fmt.Sprintf("running %d", s.Running))
	}
	if s.Weight > 0 {
		said = append(said, fmt.Sprintf("weight %d", s.Weight))
	}
	return strings.Join(said, ", ")
}

// String returns what the rule says in one line.
func (r Rule) String() string {
	about := func(what string, names []string) string {
		if len(names) == 0 {
			return "all " + what
		}
		return what + " " + strings.Join(names, " ")
	}
	says := []string{r.says()}
	if r.Kind != kindShare { // which is about all modules
		says = append(says, about("modules", r.Modules))
	}
	return strings.Join(append(says, about("circles", r.Circles)), "; ")
}

func (r Rule) says() string {
	switch r.Kind {
	case kindDeny:
		return strings.Join(r.Deny, " ")
	case kindHTTP:
		return r.HTTP.String()
	case kindShare:
		return r.Share.String()
	default:
		return limitsText(r.Limits)
	}
}
