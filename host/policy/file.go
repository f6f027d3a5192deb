package policy

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability/http"
	"github.com/henge-run/henge/host/job"
)

// worker is the table of the worker's flags.
const worker = "worker"

// Parse reads the text of a file. The worker's flags may be those of settings.
// The error has a line for each mistake.
func Parse(data []byte, settings []string) (*Policy, error) {
	values, lines, err := parse(data)
	if err != nil {
		return nil, err
	}
	r := &reader{lines: lines, policy: &Policy{Settings: map[string]Setting{}}}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		switch key {
		case worker:
			r.settings(values[key], settings)
		case kindDeny, kindHTTP, kindLimit, kindShare:
			r.rules(key, values[key])
		default:
			r.fail(key, "there is no %s here; there are [%s], [[%s]], [[%s]], [[%s]] and [[%s]]", key, worker, kindDeny, kindHTTP, kindLimit, kindShare)
		}
	}
	if len(r.failed) > 0 {
		slices.SortStableFunc(r.failed, func(a, b *lineError) int { return a.line - b.line })
		var all []error
		for _, e := range r.failed {
			all = append(all, e)
		}
		return nil, errors.Join(all...)
	}
	slices.SortStableFunc(r.policy.Rules, func(a, b Rule) int { return a.Line - b.Line })
	return r.policy, nil
}

// reader turns the values of a file into a policy, and keeps the mistakes.
type reader struct {
	lines  map[string]int
	policy *Policy
	failed []*lineError
}

// fail notes a mistake at a path.
func (r *reader) fail(path, format string, args ...any) {
	r.failed = append(r.failed, &lineError{r.line(path), fmt.Sprintf(format, args...)})
}

// line returns where a path stands. What is inside of a list or a table that is
// written in one line is there.
func (r *reader) line(path string) int {
	line, ok := r.lines[path]
	for !ok && path != "" {
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
		line, ok = r.lines[path]
	}
	return max(line, 1)
}

func (r *reader) settings(value any, known []string) {
	table, ok := value.(map[string]any)
	if !ok {
		r.fail(worker, "%s is a table: write [%s]", worker, worker)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		path := worker + "." + name
		if !slices.Contains(known, name) {
			r.fail(path, "the worker has no flag --%s; it has %s", name, strings.Join(known, ", "))
			continue
		}
		r.policy.Settings[name] = Setting{table[name], r.line(path)}
	}
}

func (r *reader) rules(kind string, value any) {
	list, ok := value.([]any)
	if !ok {
		r.fail(kind, "%s is a list of rules: write [[%s]] before each", kind, kind)
		return
	}
	for i, one := range list {
		path := fmt.Sprintf("%s[%d]", kind, i)
		table, ok := one.(map[string]any)
		if !ok {
			r.fail(path, "a rule is a table: write [[%s]] before it", kind)
			continue
		}
		r.rule(kind, path, table)
	}
}

// rule reads one table. All kinds say whom they are about, and each has keys of
// its own.
func (r *reader) rule(kind, path string, table map[string]any) {
	rule := Rule{Kind: kind, Line: r.line(path)}
	own := map[string][]string{
		kindDeny: {"capabilities"}, kindHTTP: {"hosts", "methods", "private"}, kindLimit: budgetNames(), kindShare: {"running", "weight"},
	}[kind]
	about := []string{"circles", "modules"}
	if kind == kindShare {
		about = about[:1]
	}
	said := false
	for _, key := range slices.Sorted(maps.Keys(table)) {
		at, value := path+"."+key, table[key]
		switch {
		case key == "circles":
			rule.Circles = each(r, at, value, job.ParseCircle)
			continue
		case key == "modules" && kind != kindShare:
			rule.Modules = each(r, at, value, moduleName)
			continue
		}
		if !slices.Contains(own, key) {
			r.fail(at, "a %s rule has no %s; it has %s", kind, key, strings.Join(slices.Concat(about, own), ", "))
			continue
		}
		said = said || kind == kindLimit || kind == kindShare || key == own[0]
		switch kind {
		case kindDeny:
			rule.Deny = each(r, at, value, capabilityName)
		case kindHTTP:
			r.http(&rule.HTTP, key, at, value)
		case kindShare:
			r.share(&rule.Share, key, at, value)
		case kindLimit:
			i := slices.IndexFunc(budgets(), func(b budget) bool { return b.name == key })
			if err := budgets()[i].set(&rule.Limits, fmt.Sprint(value)); err != nil {
				r.fail(at, "%s: %v", key, err)
			}
		}
	}
	if !said {
		r.fail(path, "a %s rule needs %s", kind, strings.Join(own, ", or "))
	}
	if rule.Share.Weight > 0 && len(rule.Circles) == 0 {
		r.fail(path, "a weight says what some circles get more than others: say which, with circles")
	}
	r.policy.Rules = append(r.policy.Rules, rule)
}

func (r *reader) share(s *Share, key, at string, value any) {
	n, err := ParseCount(fmt.Sprint(value))
	if err == nil && n > math.MaxInt32 {
		err = fmt.Errorf("%d is too many", n)
	}
	if err != nil {
		r.fail(at, "%s: %v", key, err)
		return
	}
	if key == "running" {
		s.Running = int(n)
	} else {
		s.Weight = int(n)
	}
}

func (r *reader) http(rule *http.Rule, key, at string, value any) {
	switch key {
	case "hosts":
		rule.Hosts = each(r, at, value, http.ParseHost)
	case "methods":
		rule.Methods = each(r, at, value, http.ParseMethod)
	case "private":
		rule.Private = each(r, at, value, func(s string) (netip.Prefix, error) {
			p, err := netip.ParsePrefix(s)
			if err != nil || p != p.Masked() {
				return p, fmt.Errorf("%.80q is not a range of addresses: write for example 10.1.0.0/16", s)
			}
			return p, nil
		})
	}
}

// each reads a list of texts. An empty one would be about nobody or about all,
// and it is not clear which.
func each[T any](r *reader, path string, value any, parse func(string) (T, error)) []T {
	list, ok := value.([]any)
	if !ok || len(list) == 0 {
		r.fail(path, "%s is a list of texts that is not empty", path[strings.LastIndexByte(path, '.')+1:])
		return nil
	}
	var out []T
	for _, one := range list {
		text, ok := one.(string)
		if !ok {
			r.fail(path, "%.80q is not a text", fmt.Sprint(one))
			continue
		}
		v, err := parse(text)
		if err != nil {
			r.fail(path, "%v", err)
			continue
		}
		out = append(out, v)
	}
	return out
}

func moduleName(s string) (string, error) {
	if !abi.ValidType(s) {
		return "", fmt.Errorf("module %.80q is not %s", s, abi.TypeRule)
	}
	return s, nil
}

// capabilityName returns the import module that is meant by its short name or by
// the whole one. What an embedding program adds has only that.
func capabilityName(s string) (string, error) {
	known := []string{abi.RedisV1, abi.SQLV1, abi.KVV1, abi.CircleV1, abi.HTTPV1, abi.QueueV1}
	var short []string
	for _, name := range known {
		short = append(short, strings.TrimSuffix(strings.TrimPrefix(name, "henge_"), "_v1"))
	}
	if i := slices.Index(short, s); i >= 0 {
		return known[i], nil
	}
	if slices.Contains(known, s) || (!strings.HasPrefix(s, "henge_") && strings.Contains(s, "_v")) {
		return s, nil
	}
	if s == "job" || s == "log" || s == "clock" || s == abi.JobV1 || s == abi.LogV1 || s == abi.ClockV1 {
		return "", fmt.Errorf("%s is a part of every module and cannot be denied", s)
	}
	return "", fmt.Errorf("there is no capability %.80q; there are %s", s, strings.Join(short, ", "))
}
