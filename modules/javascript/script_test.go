package javascript_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// TestScripts runs scripts, one job each.
func TestScripts(t *testing.T) {
	m := load(t, sandbox.Options{})
	for name, part := range map[string]func(*testing.T, *sandbox.Module){
		"values":   testValues,
		"promises": testPromises,
		"thrown":   testThrown,
		"console":  testConsole,
		"limits":   testDepthAndSize,
	} {
		t.Run(name, func(t *testing.T) { part(t, m) })
	}
}

// testValues shows what a script's last value becomes.
func testValues(t *testing.T, m *sandbox.Module) {
	for name, c := range map[string]struct{ script, output string }{
		"nothing":              {`undefined`, ""},
		"null":                 {`null`, ""},
		"no value":             {`let x = 1; function f() {}`, ""},
		"a function":           {`() => 1`, ""},
		"a symbol":             {`Symbol("s")`, ""},
		"not a number":         {`0 / 0`, "null"},
		"minus zero":           {`-0`, "0"},
		"an exponent":          {`1e21`, "1e+21"},
		"a big integer":        {`2n ** 64n`, "18446744073709551616"},
		"big ones inside":      {`({ a: [2n ** 64n], b: 1 })`, `{"a":[18446744073709551616],"b":1}`},
		"bytes":                {`new Uint8Array([0, 255])`, "\x00\xff"},
		"a buffer":             {`new Uint8Array([65, 66, 67]).buffer`, "ABC"},
		"a part of a buffer":   {`new Uint8Array([65, 66, 67]).subarray(1)`, "BC"},
		"a date":               {`new Date(0)`, `"1970-01-01T00:00:00.000Z"`},
		"toJSON":               {`({ toJSON: () => [1] })`, "[1]"},
		"half a pair":          {`"a\ud800b"`, "a\ufffdb"},
		"a pair":               {`"\ud83d\ude00"`, "😀"},
		"a NUL":                {`"a\0b"`, "a\x00b"},
		"a NUL in the text":    {"'a\x00b'.length", "3"},
		"modern syntax":        {`class A { static #n = 2; static get n() { return A.#n ** 3 } }; const { n = 1, ...r } = { ...A, b: 2 }; r.c ??= A.n; [n, r?.b, r.c, [1, [2]].flat().at(-1), 1_000, "aXbX".replaceAll("X", "")]`, `[1,2,8,2,1000,"ab"]`},
		"a generator":          {`function* g() { yield* [1, 2]; } [...g()]`, "[1,2]"},
		"a label":              {`a: for (const x of [1, 2]) { for (;;) continue a; } "done"`, "done"},
		"regular expression":   {`"2026-01-02".replace(/(?<y>\d+)-(?<m>\d+)-(?<d>\d+)/u, "$<d>.$<m>.$<y>")`, "02.01.2026"},
		"look behind":          {`"a1b2".match(/(?<=b)\d/)[0]`, "2"},
		"JSON in and out":      {`const { a: [x, y] } = JSON.parse('{"a":[1,{"b":null}]}'); JSON.stringify({ x, y })`, `{"x":1,"y":{"b":null}}`},
		"eval":                 {`(0, eval)("var x = 41; x + 1")`, "42"},
		"strict":               {`"use strict"; try { nobody = 1 } catch (e) { e.name }`, "ReferenceError"},
		"sloppy":               {`nobody = 1; nobody`, "1"},
		"names of one's own":   {`const console = 1, output = 2, CONTEXT_ID = 3; let redis_get = 4; console + output + CONTEXT_ID + redis_get`, "10"},
		"random integers":      {`[...Array(20)].every(() => Number.isSafeInteger(rand()))`, "true"},
		"no integer":           {`try { rand(0.5, 1) } catch (e) { e.message }`, "an end is a whole number, and not a floating-point number"},
		"no fields":            {`try { log_info("a", 1) } catch (e) { e.message }`, "what stands beside a line is a map, and not a number"},
		"undefined at the end": {`try { kv_list("a", undefined, 1, undefined) } catch (e) { e.code }`, "unsupported"},
		"a name and a length":  {`[redis_get.name, redis_get.length, kv_list.length, kv_set.length]`, `["redis_get",1,0,2]`},
		"nothing else":         {`[typeof setTimeout, typeof require, typeof process, typeof performance, typeof std, typeof os, typeof print].join()`, "undefined,undefined,undefined,undefined,undefined,undefined,undefined"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(m, c.script)
			require.Equal(t, job.Success, r.End, r.Error)
			require.Equal(t, c.output, string(r.Output))
		})
	}
}

// testPromises shows that what a script began is run to its end.
func testPromises(t *testing.T, m *sandbox.Module) {
	for name, c := range map[string]struct {
		script, output, err string
	}{
		"a promise":                {script: `Promise.resolve({ a: 1 })`, output: `{"a":1}`},
		"of a promise":             {script: `Promise.resolve(Promise.resolve(7))`, output: "7"},
		"a thenable":               {script: `await { then(f) { f(8) } }`, output: "8"},
		"an async function":        {script: `(async () => { let n = 0; for await (const x of [1, Promise.resolve(2)]) n += x; return n })()`, output: "3"},
		"await at the top":         {script: `const x = await Promise.all([1, Promise.resolve(2)]); x`, output: "[1,2]"},
		"await before a bracket":   {script: `await (async () => 9)()`, output: "9"},
		"a promise after await":    {script: `await 1; Promise.resolve("end")`, output: "end"},
		"await as a name":          {script: `var await = 5; await + 1`, output: "6"},
		"await in a text":          {script: `"await"`, output: "await"},
		"what comes after":         {script: `Promise.resolve().then(() => output("then ")).then(() => output("and")); output("first ")`, output: "first then and"},
		"in order":                 {script: `queueMicrotask(() => output(1)); Promise.resolve().then(() => output(2)); output(0)`, output: "012"},
		"never settled":            {script: `new Promise(() => {})`, err: "the script ends with a promise that nothing will ever settle: its resolve function is never called"},
		"never settled at await":   {script: "1;\nawait new Promise(() => {}); 2", err: "the script ends with a promise that nothing will ever settle: its resolve function is never called"},
		"because of another":       {script: `Promise.reject(new Error("cause")); await new Promise(() => {})`, err: "Error: cause (line 1, column 20)"},
		"not waited for":           {script: `new Promise(() => {}); 1`, output: "1"},
		"rejected":                 {script: "1;\nPromise.reject(new TypeError('no'))", err: "TypeError: no (line 2, column 20)"},
		"rejected with a text":     {script: `Promise.reject("no")`, err: "the script threw no"},
		"thrown in async":          {script: "async function f() {\n  null.x\n}\nf()", err: "TypeError: cannot read property 'x' of null (line 2, column 3)"},
		"thrown after await":       {script: "await 1;\nthrow new Error('late')", err: "Error: late (line 2, column 11)"},
		"nobody listens":           {script: `Promise.reject(new Error("lost")); 1`, err: "Error: lost (line 1, column 20)"},
		"somebody listens":         {script: `const p = Promise.reject(new Error("found")); p.catch(e => output(e.message)); 1`, output: "found"},
		"somebody listens late":    {script: `const p = Promise.reject(1); queueMicrotask(() => p.catch(() => {})); "heard"`, output: "heard"},
		"thrown by a microtask":    {script: `queueMicrotask(() => { throw new Error("later") }); 1`, err: "Error: later (line 1, column 34)"},
		"import":                   {script: `import("x").catch(e => e.name)`, output: "ReferenceError"},
		"an import at the top":     {script: `import x from "x"`, err: "SyntaxError: "},
		"a host error in async":    {script: `(async () => { try { await redis_get("k") } catch (e) { return [e instanceof Error, e.name, e.code] } })()`, output: `[true,"HostError","unsupported"]`},
		"a promise cannot be sent": {script: `try { redis_set("k", Promise.resolve(1)) } catch (e) { e.message }`, output: "a promise cannot leave the script: await it"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(m, c.script)
			require.Equal(t, c.output, string(r.Output))
			if c.err == "" {
				require.Equal(t, job.Success, r.End, r.Error)
				return
			}
			require.Equal(t, job.ScriptError, r.End, r.Error)
			require.Contains(t, r.Error, c.err)
		})
	}
}

// testDepthAndSize shows that what is too deep or too large is an exception, or
// ends the job with a reason of its own, and is never a trap.
func testDepthAndSize(t *testing.T, m *sandbox.Module) {
	const tooDeep = "RangeError: Maximum call stack size exceeded"
	for name, c := range map[string]struct {
		script string
		caught string // "" where the job ends
		end    job.End
	}{
		"functions":       {script: `function f() { return f() + 1 } f()`, caught: tooDeep},
		"enough":          {script: `function f(n) { return n ? f(n - 1) + 1 : 0 } throw f(5000)`, caught: "5000"},
		"a getter":        {script: `const o = { get x() { return this.x } }; o.x`, caught: tooDeep},
		"a callback":      {script: `function f() { [2, 1].sort(f) } f()`, caught: tooDeep},
		"a replacer":      {script: `function f() { return "a".replace(/a/, f) } f()`, caught: tooDeep},
		"toString":        {script: `const o = { toString() { return "" + this } }; "" + o`, caught: tooDeep},
		"an iterator":     {script: `const o = { [Symbol.iterator]() { return [...this] } }; [...o]`, caught: tooDeep},
		"async functions": {script: `async function f() { await f() } await f()`, caught: tooDeep},
		"eval":            {script: `const s = "eval(s)"; eval(s)`, caught: tooDeep},
		"proxies":         {script: `let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x`, caught: tooDeep},
		"brackets":        {script: `eval("[".repeat(1e5))`, end: job.Stack},
		"JSON":            {script: `JSON.parse("[".repeat(1e6))`, end: job.Stack},
		"JSON out":        {script: `let a = []; for (let i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a)`, end: job.Stack},
		"to the host":     {script: `let a = []; for (let i = 0; i < 1e5; i++) a = [a]; redis(a)`, caught: "HostError: a value has more than 64 levels"},
		"an expression":   {script: `/(?:a|b)*c/.test("ab".repeat(1e6))`, caught: "InternalError: out of memory in regexp execution"},
		"a text":          {script: `let s = "a"; for (;;) s += s`, caught: "InternalError: string too long"},
		"a large text":    {script: `"a".repeat(2 ** 29)`, caught: "InternalError: out of memory"},
		"a buffer":        {script: `new Uint8Array(2 ** 30)`, caught: "InternalError: out of memory"},
		"a number":        {script: `2n ** (2n ** 30n)`, caught: "RangeError: BigInt is too large"},
		"arguments":       {script: `Math.max(...new Array(5e5).fill(1))`, caught: "RangeError: too many arguments in function call (only 65535 allowed)"},
		"an array":        {script: `const a = []; for (;;) a.push(new Array(1000).fill(1))`, caught: "InternalError: out of memory"},
		"rings":           {script: `for (let i = 0; i < 1000; i++) { const a = { b: new Array(10000).fill(i) }; a.self = a } throw "collected"`, caught: "collected"},
		"a long list":     {script: `let a = null; for (let i = 0; i < 2e5; i++) a = { a }; a = null; throw "freed"`, caught: "freed"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(m, "try {\n"+c.script+"\n} catch (e) { output(String(e)) }")
			if c.caught == "" {
				require.Equal(t, c.end, r.End, r.Error)
				return
			}
			require.Equal(t, job.Success, r.End, r.Error)
			require.Equal(t, c.caught, string(r.Output))
		})
	}
	t.Run("memory that nobody asks for in vain", func(t *testing.T) {
		r := run(m, `const a = []; for (;;) a.push(new Array(1000).fill(1))`)
		require.Equal(t, job.Memory, r.End, r.Error)
	})
}

// testConsole shows how values are shown in the log.
func testConsole(t *testing.T, m *sandbox.Module) {
	r := run(m, `
		console.debug("d", 1, null, undefined, true);
		console.log({ a: [1n] }, [1, "x"], -0, NaN);
		console.warn(Symbol("s"), x => x, function f() {}, class C {});
		const self = {}; self.self = self;
		console.error(new TypeError("no"), self, new Error());
		console.info();
		console.info({ get x() { throw 1 } }, Object.create(null), { toString() { throw 1 } });
	`)
	require.Equal(t, job.Success, r.End, r.Error)
	var lines []string
	for _, l := range r.Log {
		lines = append(lines, l.Level.String()+": "+l.Text)
	}
	require.Equal(t, []string{
		"debug: d 1 null undefined true",
		`info: {"a":[1]} [1,"x"] 0 NaN`,
		"warn: Symbol(s) [function] [function f] [function C]",
		"error: TypeError: no [object Object] Error",
		"info: ",
		"info: [object Object] {} {}",
	}, lines)
}

// testThrown shows what is said of an exception that nobody catches.
func testThrown(t *testing.T, m *sandbox.Module) {
	for name, c := range map[string]struct{ script, err string }{
		"a number":             {`throw 42`, "the script threw 42"},
		"an object":            {`throw { a: 1 }`, `the script threw {"a":1}`},
		"nothing":              {`throw undefined`, "the script threw undefined"},
		"with a code":          {`throw { code: "mine", message: "why" }`, "mine: why"},
		"a class":              {"class Odd extends Error { name = 'Odd' }\nthrow new Odd('why')", "Odd: why (line 2, column 11)"},
		"in a callback":        {"[1].map(\n  x => x.y.z\n)", "TypeError: cannot read property 'z' of undefined (line 2, column 8)"},
		"in eval":              {"1;\neval('null.x')", "TypeError: cannot read property 'x' of null (line 2, column 1)"},
		"a stack of its own":   {`const e = new Error("x"); e.stack = "none"; throw e`, "Error: x"},
		"a getter that throws": {`throw { get code() { throw 1 }, get message() { throw 2 } }`, "the script threw [object Object]"},
		"a text that is open":  {`"abc`, "SyntaxError: "},
		"too many arguments":   {`kv_get("a", "b")`, "invalid_argument: kv_get takes 1 arguments, and not 2 (line 1, column 1)"},
		"what has no JSON":     {`const a = {}; a.a = a; a`, "TypeError: circular reference"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(m, c.script)
			require.Equal(t, job.ScriptError, r.End, r.Error)
			require.Contains(t, r.Error, c.err)
		})
	}
}
