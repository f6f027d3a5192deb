// Package policy is the operator's word on what scripts may do: which modules
// may use which capabilities in which circles, the hosts that they may reach,
// and their limits. It reads one TOML file, tells the line of each mistake, and
// reads it again when it changes. It knows no queue and no sandbox.
package policy

import (
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
	// Kind is deny, http or limit, and Line where the rule begins.
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
}

// The kinds of rules.
const (
	kindDeny  = "deny"
	kindHTTP  = "http"
	kindLimit = "limit"
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
	for _, r := range p.Rules {
		if slices.Contains(r.Deny, name) && r.about(module, circle) {
			return &abi.Error{Code: abi.AccessDenied, Message: fmt.Sprintf(
				"the module %s may not use %s in the circle %s: the operator has denied it; line %d of the worker's configuration says so",
				module, name, circle, r.Line)}
		}
	}
	if name == abi.HTTPV1 && len(p.HTTP(module, circle)) == 0 {
		return &abi.Error{Code: abi.AccessDenied, Message: fmt.Sprintf(
			"the module %s may not use %s in the circle %s: the operator has named no host for it; %s",
			module, name, circle, http.HowToGrant(module, circle, "api.example.com"))}
	}
	return nil
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

// String returns what the rule says in one line.
func (r Rule) String() string {
	about := func(what string, names []string) string {
		if len(names) == 0 {
			return "all " + what
		}
		return what + " " + strings.Join(names, " ")
	}
	return strings.Join([]string{r.says(), about("modules", r.Modules), about("circles", r.Circles)}, "; ")
}

func (r Rule) says() string {
	switch r.Kind {
	case kindDeny:
		return strings.Join(r.Deny, " ")
	case kindHTTP:
		return r.HTTP.String()
	default:
		return limitsText(r.Limits)
	}
}
