package sandbox_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/clock"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
	"github.com/henge-run/henge/host/wasm"
)

const (
	memory = `(memory (export "memory") 1)`
	entry  = `(func (export "henge_run") (result i32) (i32.const 0))`
	host   = `(param i32 i32 i32 i32) (result i64)`
)

// tryLoad loads a module and closes it.
func tryLoad(t *testing.T, b *bundle, binary []byte, manifest abi.Manifest, limits job.Limits) error {
	t.Helper()
	manifest.Name = "guest"
	m, err := b.Load(context.Background(), binary, &manifest, limits)
	if err == nil {
		require.NoError(t, m.Close(context.Background()))
	}
	return err
}

func TestLoad(t *testing.T) {
	b := setup(t, sandbox.Options{})
	m, err := b.Load(context.Background(), wattest.Compile(t, `(module
		(import "henge_log_v1" "write" (func `+host+`))
		(import "henge_clock_v1" "now" (func `+host+`))
		(memory (export "memory") 2 3)`+entry+`)`), &abi.Manifest{Name: "guest", MemoryMax: 5 * mib}, job.Limits{Log: 1 << 30})
	require.NoError(t, err)
	require.Equal(t, "guest", m.Manifest.Name)
	require.Equal(t, []string{abi.ClockV1, abi.LogV1}, m.Imports)
	require.Equal(t, abi.ExportRun, m.Entry)
	require.Equal(t, int64(2*65536), m.MemoryMin)
	want := job.DefaultLimits
	want.Memory, want.Log = 5*mib, 1<<30
	require.Equal(t, want, m.Limits, "a limit that was set may be above the default")
	require.NoError(t, m.Close(context.Background()))
}

func TestLoadBeyondAddressSpace(t *testing.T) {
	m := setup(t, sandbox.Options{}).load(t, "success", job.Limits{Memory: 1 << 60})
	r := m.Run(context.Background(), newJob(nil))
	require.Equal(t, job.Success, r.End, r.Error)
}

func TestLoadAccepts(t *testing.T) {
	b := setup(t, sandbox.Options{LoadTimeout: time.Minute})
	for name, text := range map[string]string{
		"an engine":              memory + entry,
		"a command":              memory + `(func (export "_start"))`,
		"both: an engine":        memory + entry + `(func (export "_start") (unreachable))`,
		"memory of no pages":     `(memory (export "memory") 0)` + entry,
		"memory that cannot be":  `(memory (export "memory") 0 0)` + entry,
		"no maximum":             `(memory (export "memory") 1 65536)` + entry,
		"initialised":            memory + entry + `(func (export "_initialize")) (func (export "henge_init"))`,
		"an import as entry":     `(import "wasi_snapshot_preview1" "sched_yield" (func $y (result i32)))` + memory + `(export "henge_run" (func $y))`,
		"a start function":       `(func $s) (start $s)` + memory + entry,
		"a table without an end": `(table 1 funcref)` + memory + entry,
	} {
		t.Run(name, func(t *testing.T) {
			m, err := b.Load(context.Background(), wattest.Compile(t, `(module `+text+`)`), &abi.Manifest{Name: "guest"}, job.Limits{})
			require.NoError(t, err)
			r := m.Run(context.Background(), newJob(nil))
			require.Equal(t, job.Success, r.End, r.Error)
			require.NoError(t, m.Close(context.Background()))
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	b := setup(t, sandbox.Options{LoadTimeout: 100 * time.Millisecond})
	for name, c := range map[string]struct {
		text     string
		manifest abi.Manifest
		limits   job.Limits
		want     string
	}{
		"unknown module":    {text: `(import "env" "f" (func))` + memory + entry, want: `it imports "f" from "env", which this worker does not offer; it offers henge_circle_v1, henge_clock_v1, henge_http_v1, henge_job_v1, henge_kv_v1, henge_log_v1, henge_queue_v1, henge_redis_v1, henge_sql_v1, test_v1, wasi_snapshot_preview1`},
		"a later version":   {text: `(import "henge_job_v2" "input" (func ` + host + `))` + memory + entry, want: `"input" from "henge_job_v2"`},
		"unknown function":  {text: `(import "henge_job_v1" "circle" (func ` + host + `))` + memory + entry, want: `it imports "circle" from henge_job_v1, which has no such function; it has fail, input, meta, output, progress, take`},
		"wrong signature":   {text: `(import "henge_job_v1" "input" (func (param i32) (result i32)))` + memory + entry, want: "henge_job_v1.input as (i32) -> (i32), and it is (i32, i32, i32, i32) -> (i64)"},
		"WASI unknown":      {text: `(import "wasi_snapshot_preview1" "fork" (func))` + memory + entry, want: `"fork" from wasi_snapshot_preview1`},
		"imported memory":   {text: `(import "env" "memory" (memory 1)) (export "memory" (memory 0))` + entry, want: `it imports the memory "memory" from "env"`},
		"imported global":   {text: `(import "henge_job_v1" "g" (global i32))` + memory + entry, want: `it imports the global "g" from "henge_job_v1"; a module brings its own`},
		"imported table":    {text: `(import "henge_job_v1" "t" (table 1 funcref))` + memory + entry, want: `it imports the table "t" from "henge_job_v1"; a module brings its own`},
		"escapes in a name": {text: `(import "\1b[2J" "\1b[3J" (func))` + memory + entry, want: `"\x1b[3J" from "\x1b[2J"`},
		"no memory":         {text: entry, want: `it exports no memory named "memory"`},
		"another name":      {text: `(memory (export "mem") 1)` + entry, want: `it exports no memory named "memory"`},
		"no entry":          {text: memory, want: `neither "henge_run" (an engine or a runner) nor "_start" (a WASI command)`},
		"henge_run is none": {text: memory + `(global (export "henge_run") i32 (i32.const 0))`, want: `neither "henge_run"`},
		"entry takes":       {text: memory + `(func (export "henge_run") (param i32) (result i32) (i32.const 0))`, want: `it exports "henge_run" as (i32) -> (i32), and it should be () -> (i32)`},
		"entry gives":       {text: memory + `(func (export "henge_run"))`, want: `"henge_run" as () -> (), and it should be () -> (i32)`},
		"_start gives":      {text: memory + `(func (export "_start") (result i32) (i32.const 0))`, want: `"_start" as () -> (i32), and it should be () -> ()`},
		"henge_init takes":  {text: memory + entry + `(func (export "henge_init") (param i64))`, want: `"henge_init" as (i64) -> (), and it should be () -> ()`},
		"_initialize gives": {text: memory + entry + `(func (export "_initialize") (result f32) (f32.const 0))`, want: `"_initialize" as () -> (f32)`},

		"memory over the limit":    {text: `(memory (export "memory") 33)` + entry, limits: job.Limits{Memory: 2 * mib}, want: "its memory starts at 2162688 bytes, which is more than its limit of 2097152"},
		"memory over the manifest": {text: `(memory (export "memory") 33)` + entry, manifest: abi.Manifest{MemoryMax: 2 * mib}, want: "limit of 2097152"},
		"memory over the default":  {text: `(memory (export "memory") 1025)` + entry, want: "limit of 67108864"},
		"tables over the limit":    {text: `(table 1048577 funcref)` + memory + entry, want: "its tables start with 1048577 entries"},

		"not named in the manifest": {text: `(import "henge_log_v1" "write" (func ` + host + `))` + memory + entry, manifest: abi.Manifest{Capabilities: []string{abi.JobV1}}, want: `capability "henge_job_v1" is named but not imported`},
		"named, not imported":       {text: `(import "henge_log_v1" "write" (func ` + host + `))` + memory + entry, manifest: abi.Manifest{Capabilities: []string{}}, want: `capability "henge_log_v1" is imported but not named`},

		"start spins":       {text: `(func $s (loop $l (br $l))) (start $s)` + memory + entry, want: "start: it did not come up within 100ms"},
		"_initialize spins": {text: memory + entry + `(func (export "_initialize") (loop $l (br $l)))`, want: "start: it did not come up within 100ms"},
		"henge_init spins":  {text: memory + entry + `(func (export "henge_init") (loop $l (br $l)))`, want: "start: it did not come up within 100ms"},
		"henge_init waits":  {text: `(import "test_v1" "wait" (func $w ` + host + `))` + memory + entry + `(func (export "henge_init") (drop (call $w (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))`, want: "start: it did not come up within 100ms"},
		"henge_init traps":  {text: memory + entry + `(func (export "henge_init") (unreachable))`, want: "start: trap: the module trapped: unreachable"},
		"henge_init speaks": {text: `(import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))` + memory + entry + `(data (i32.const 0) "\08\00\00\00\04\00\00\00oops") (func (export "henge_init") (drop (call $w (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16))) (unreachable))`, want: "it said: oops"},
		"henge_init exits":  {text: `(import "wasi_snapshot_preview1" "proc_exit" (func $e (param i32)))` + memory + entry + `(func (export "henge_init") (call $e (i32.const 0)))`, want: "it exited before it was asked to run"},
		"start exits":       {text: `(import "wasi_snapshot_preview1" "proc_exit" (func $e (param i32))) (func $s (call $e (i32.const 0))) (start $s)` + memory + entry, want: "it exited before it was asked to run"},
		"data out of range": {text: memory + entry + `(data (i32.const 65536) "x")`, want: "start: "},
		"takes all memory":  {text: memory + entry + `(func (export "henge_init") (loop $l (br_if $l (i32.ne (memory.grow (i32.const 64)) (i32.const -1)))) (unreachable))`, want: "start: memory: "},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			err := tryLoad(t, b, wattest.Compile(t, `(module `+c.text+`)`), c.manifest, c.limits)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "\x1b", "no file writes to a terminal")
			require.Less(t, time.Since(start), 5*time.Second)
		})
	}
}

func TestLoadRefusesFiles(t *testing.T) {
	b := setup(t, sandbox.Options{})
	for name, c := range map[string]struct{ file, want string }{
		"empty":        {"", "this is not WebAssembly"},
		"text":         {"(module)", "this is not WebAssembly"},
		"a component":  {"\x00asm\x0d\x00\x01\x00", "this is a component, and henge runs core modules: build for wasm32-wasip1"},
		"no sections":  {"\x00asm\x01\x00\x00\x00", "it exports no memory"},
		"junk":         {"\x00asm\x01\x00\x00\x00junk", "the file is cut off"},
		"bad section":  {"\x00asm\x01\x00\x00\x00\x01\x01\x09", "9 types are announced here, and the file has 0 more bytes"},
		"table beyond": {"\x00asm\x01\x00\x00\x00\x04\x04\x01\x70\x00\xff", "the file ends here, and more was expected"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, tryLoad(t, b, []byte(c.file), abi.Manifest{}, job.Limits{}), c.want)
		})
	}
}

// Half a module is what a folder holds while a file is being copied there.
func TestLoadRefusesEveryPartOfAModule(t *testing.T) {
	b := setup(t, sandbox.Options{})
	whole := wattest.Compile(t, `(module `+memory+entry+`)`)
	for n := range whole {
		require.Error(t, tryLoad(t, b, whole[:n], abi.Manifest{}, job.Limits{}), "the first %d of %d bytes", n, len(whole))
	}
	require.NoError(t, tryLoad(t, b, whole, abi.Manifest{}, job.Limits{}))
}

func TestLoadSurvivesRecursion(t *testing.T) {
	err := tryLoad(t, setup(t, sandbox.Options{}), wattest.Compile(t, `(module (func $s (call $s)) (start $s)`+memory+entry+`)`), abi.Manifest{}, job.Limits{})
	require.ErrorContains(t, err, "start: stack: ")
}

func TestLoadStopsWithItsContext(t *testing.T) {
	b := setup(t, sandbox.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-b.waiting; cancel() }()
	text := `(module (import "test_v1" "wait" (func $w ` + host + `))` + memory + entry +
		`(func (export "henge_init") (drop (call $w (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))))`
	_, err := b.Load(ctx, wattest.Compile(t, text), &abi.Manifest{Name: "guest"}, job.Limits{})
	require.ErrorContains(t, err, "start: cancelled: ")
}

func TestManifestInAModule(t *testing.T) {
	binary := wattest.Compile(t, `(module `+memory+entry+`(@custom "henge.manifest" "{\"name\":\"guest\",\"memory_max\":131072}"))`)
	section, found, err := wasm.CustomSection(binary, abi.ManifestSection)
	require.NoError(t, err)
	require.True(t, found)
	manifest, err := abi.ParseManifest(section)
	require.NoError(t, err)
	m, err := setup(t, sandbox.Options{}).Load(context.Background(), binary, manifest, job.Limits{})
	require.NoError(t, err)
	require.Equal(t, int64(131072), m.Limits.Memory)
}

func TestCapabilityOfferedTwice(t *testing.T) {
	_, err := sandbox.New(context.Background(), sandbox.Options{Capabilities: []capability.Capability{clock.New()}})
	require.ErrorContains(t, err, "capability henge_clock_v1 is offered twice")
}

// A file that cannot be a folder for compiled code is told when a worker
// starts, and not at the first module.
func TestCacheFolder(t *testing.T) {
	dir := t.TempDir()
	binary := wattest.CompileFile(t, "testdata/success.wat")
	for range 2 {
		b := setup(t, sandbox.Options{CacheDir: dir})
		require.NoError(t, tryLoad(t, b, binary, abi.Manifest{}, job.Limits{}))
	}
	_, err := sandbox.New(context.Background(), sandbox.Options{CacheDir: "/dev/null/x"})
	require.ErrorContains(t, err, "open the cache of compiled modules")
}

func TestMessagesAreShort(t *testing.T) {
	b := setup(t, sandbox.Options{})
	long := strings.Repeat("x", 10_000)
	err := tryLoad(t, b, wattest.Compile(t, `(module (import "`+long+`" "`+long+`" (func))`+memory+entry+`)`), abi.Manifest{}, job.Limits{})
	require.Less(t, len(err.Error()), 400)
}
