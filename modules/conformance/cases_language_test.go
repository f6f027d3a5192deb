package conformance_test

import (
	"slices"
	"strings"
	"time"

	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
)

// parseError and scriptError are the codes of a script that cannot be read, and
// of one that failed.
const parseError, scriptError = "parse_error", "script_error"

// stranger is a caller who gives no name.
const stranger = "-"

// cases are all but those of freshness, which take several jobs.
func cases() []testCase {
	return slices.Concat(valueCases(), errorCases(), limitCases(), jobCases(), redisCases(), dataCases(), outsideCases())
}

// valueCases show what a job is given and what it gives back.
func valueCases() []testCase {
	return []testCase{
		{name: "value/text", output: "caf\u00e9 \"☃\""},
		{name: "value/whole", output: "42"},
		{name: "value/fraction", output: "2.5"},
		{name: "value/large", output: "4611686018427387905"},
		{name: "value/true", output: "true"},
		{name: "value/nothing", output: ""},
		{name: "value/no script", payload: " ", output: ""},
		{name: "value/list", output: `[1,"a\"b",true,2.5]`},
		{name: "value/nothing inside", output: `[null]`},
		{name: "value/map", output: `{"a":1,"b":{"c":[2]}}`},
		{name: "value/long", output: strings.Repeat("x", 1_000_000)},

		{name: "output/in pieces", output: "a1true"},
		{name: "output/of nothing", output: ""},
		{name: "output/list", output: "[1,2]"},
		{name: "output/bytes", output: "A\xff"},
		{name: "output/of a failure", output: "part", ends: []job.End{job.ScriptError}, says: []string{"no good"}},

		{name: "input/long", comment: strings.Repeat("x", 200_000), output: "1"},
		{name: "input/no text", comment: "\xff", ends: []job.End{job.ScriptError}, says: []string{"UTF-8"}, code: "invalid_argument", final: true},

		{name: "identity/names", caller: "alice", output: "acme alice"},
		{name: "identity/stranger", caller: stranger, output: "acme  stranger"},
		{name: "identity/role", caller: "alice", role: capability.Reader, output: "reader"},
	}
}

// errorCases show what is caught and what is not, and where it was.
func errorCases() []testCase {
	failed := []job.End{job.ScriptError}
	return []testCase{
		{name: "errors/syntax", ends: failed, code: parseError, final: true, placed: true},
		{name: "errors/syntax at the end", ends: failed, code: parseError, final: true},
		{name: "errors/unknown name", ends: failed, placed: true, says: []string{"unheard_of"}},
		{name: "errors/wrong kind", ends: failed, code: scriptError, placed: true},
		{name: "errors/thrown", ends: failed, code: scriptError, placed: true, says: []string{"no good"}},
		{name: "errors/thrown in a function", ends: failed, code: scriptError, placed: true, says: []string{"no good"}},
		{name: "errors/thrown as a map", ends: failed, code: "mine", placed: true, says: []string{"mine: of the script"}},
		{name: "errors/caught", output: "no good"},
		{name: "errors/refusal", caller: "mallory", ends: failed, code: "access_denied", placed: true, says: []string{"access_denied: Insufficient authorization"}},
		{name: "errors/refusal in a function", caller: "mallory", ends: failed, code: "access_denied", placed: true},
		{name: "errors/refusal caught", caller: "mallory", output: "access_denied, Insufficient authorization"},
		{name: "errors/refusal caught in a function", caller: "mallory", output: "access_denied"},
		{name: "errors/again", caller: "mallory", ends: failed, code: "access_denied", says: []string{"access_denied: Insufficient authorization"}, placed: true},
		{name: "errors/argument", output: "invalid_argument"},
		{name: "errors/what cannot be sent", output: "invalid_argument"},
		{name: "errors/a list inside itself", output: "invalid_argument"},
	}
}

// limitCases show that everything ends. Where a language has limits of its own,
// these may come first.
func limitCases() []testCase {
	deep := []job.End{job.ScriptError, job.Stack, job.Memory}
	return []testCase{
		{name: "limits/fuel", limits: job.Limits{Fuel: 50_000_000}, ends: []job.End{job.Fuel}},
		{name: "limits/deadline", timeout: 200 * time.Millisecond, ends: []job.End{job.Deadline}},
		{name: "limits/not to be caught", limits: job.Limits{Fuel: 50_000_000}, ends: []job.End{job.Fuel}},
		{name: "limits/memory", ends: []job.End{job.Memory, job.ScriptError}},
		{name: "limits/recursion", ends: deep},
		{name: "limits/output", limits: job.Limits{Output: 10}, output: "0123456789"},
		{name: "limits/value", limits: job.Limits{Output: 10}, ends: []job.End{job.ScriptError}, code: "too_large"},
		{name: "limits/host calls", limits: job.Limits{HostCalls: 20}, ends: []job.End{job.ScriptError}, says: []string{"limit: "}},
		{name: "limits/log", limits: job.Limits{Log: 1000}, output: "ok"},
		{name: "limits/round brackets", payload: strings.Repeat("(", 100_000), ends: deep},
		{name: "limits/square brackets", payload: strings.Repeat("[", 100_000), ends: deep},
		{name: "limits/curly brackets", payload: strings.Repeat("{", 100_000), ends: deep},
		{name: "limits/minus", payload: strings.Repeat("- ", 100_000) + "1", ends: deep},
	}
}
