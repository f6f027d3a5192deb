package abi_test

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	capcircle "github.com/henge-run/henge/host/capability/circle"
	"github.com/henge-run/henge/host/capability/clock"
	caphttp "github.com/henge-run/henge/host/capability/http"
	capjob "github.com/henge-run/henge/host/capability/job"
	"github.com/henge-run/henge/host/capability/kv"
	caplog "github.com/henge-run/henge/host/capability/log"
	capqueue "github.com/henge-run/henge/host/capability/queue"
	"github.com/henge-run/henge/host/capability/redis"
	"github.com/henge-run/henge/host/capability/sql"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(b)
}

// matches returns what the groups of a pattern match, joined by a space.
func matches(text, pattern string) []string {
	var out []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		out = append(out, strings.Join(m[1:], " "))
	}
	return out
}

// section returns a part of ABI.md: from a heading to the next of its level or
// above.
func section(t *testing.T, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(read(t, "ABI.md"), "\n"+heading+"\n")
	require.True(t, found, "ABI.md has no %q", heading)
	level := strings.IndexByte(heading, ' ')
	next := regexp.MustCompile(fmt.Sprintf(`(?m)^#{1,%d} `, level)).FindStringIndex(rest)
	if next != nil {
		rest = rest[:next[0]]
	}
	return rest
}

// constants returns the package's string constants by name.
func constants(t *testing.T) map[string]string {
	t.Helper()
	set := token.NewFileSet()
	var files []*ast.File
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			f, err := parser.ParseFile(set, e.Name(), nil, 0)
			require.NoError(t, err)
			files = append(files, f)
		}
	}
	// Without an importer most of it has no type; string constants do.
	config := types.Config{Error: func(error) {}}
	pkg, _ := config.Check("abi", set, files, nil)
	out := map[string]string{}
	for _, name := range pkg.Scope().Names() {
		if c, ok := pkg.Scope().Lookup(name).(*types.Const); ok && c.Val().Kind() == constant.String {
			out[name] = constant.StringVal(c.Val())
		}
	}
	return out
}

// served are the functions of this worker's capabilities, by import module.
func served() map[string][]string {
	out := map[string][]string{}
	for _, c := range []capability.Capability{
		capjob.New(), caplog.New(), clock.New(),
		redis.New(redis.Options{}),
		caphttp.New(caphttp.Options{}),
		capqueue.New(capqueue.Options{}),
		sql.New(circle.None{}), kv.New(circle.None{}), capcircle.New(circle.None{}),
	} {
		for _, f := range c.Functions {
			out[c.Name] = append(out[c.Name], f.Name)
		}
	}
	// take is the runtime's part of the job capability.
	out[abi.JobV1] = append(out[abi.JobV1], "take")
	return out
}

func TestEveryCodeIsDocumented(t *testing.T) {
	var want, header []string
	for c := abi.AccessDenied; c >= abi.Internal; c-- {
		want = append(want, fmt.Sprintf("%d %s", c, c))
		header = append(header, fmt.Sprintf("%s %d", strings.ToUpper(c.String()), c))
	}
	require.Len(t, want, 12)
	require.Equal(t, want, matches(section(t, "## 2. Errors"), "(?m)^\\| (-\\d+) \\| `(\\w+)` \\|"))
	require.Equal(t, header, matches(read(t, "henge.h"), `HENGE_(\w+) = (-\d+)`))
}

func TestEveryImportIsDocumented(t *testing.T) {
	var want []string
	for name, value := range constants(t) {
		if strings.HasPrefix(value, "henge_") && strings.HasSuffix(name, "V1") || value == abi.WASI {
			status := "reserved"
			if served()[value] != nil || value == abi.WASI {
				status = "served"
			}
			want = append(want, value+" "+status)
		}
	}
	require.Len(t, want, 10)
	got := matches(section(t, "## 4. Import modules"), "(?m)^### `(\\w+)` \\((\\w+)\\)$")
	require.ElementsMatch(t, want, got)

	for module, functions := range served() {
		require.Equal(t, abi.Functions()[module], functions, module)
	}
	for module, functions := range abi.Functions() {
		status := "reserved"
		if served()[module] != nil {
			status = "served"
		}
		rows := matches(section(t, "### `"+module+"` ("+status+")"), "(?m)^\\| `(\\w+)` \\| [^|]+ \\| [^|]+ \\|$")
		rows = slices.DeleteFunc(rows, func(row string) bool { return slices.Contains(jsonNames[abi.Meta](), row) })
		require.Equal(t, functions, rows, module)
	}
}

func TestHeaderHasEveryFunction(t *testing.T) {
	var want []string
	for module, functions := range abi.Functions() {
		for _, f := range functions {
			short := strings.TrimSuffix(strings.TrimPrefix(module, "henge_"), "_v1")
			want = append(want, fmt.Sprintf("%s %s henge_%s_%s", module, f, short, f))
		}
	}
	require.ElementsMatch(t, want, matches(read(t, "henge.h"), `(?m)^HENGE_IMPORT\("(\w+)", "(\w+)", (\w+)\);$`))
	require.Contains(t, read(t, "henge.h"), fmt.Sprintf("#define HENGE_MAX_RANDOM %d\n", abi.MaxRandom))
}

// jsonNames are the fields of a message, as they are written.
func jsonNames[T any]() []string {
	var out []string
	for f := range reflect.TypeFor[T]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}

func TestEveryFieldIsDocumented(t *testing.T) {
	work := section(t, "### `henge_job_v1` (served)")
	require.Equal(t, jsonNames[abi.Meta](), matches(work[strings.Index(work, "`meta` gives:"):], "(?m)^\\| `(\\w+)` \\|"))
	for _, name := range jsonNames[abi.MetaLimits]() {
		require.Contains(t, work, "`"+name+"`")
	}
	for _, name := range slices.Concat(jsonNames[abi.Fail](), jsonNames[abi.Progress]()) {
		require.Regexp(t, `[{ ]`+name+`\??[,}]`, work)
	}
	for _, name := range jsonNames[abi.LogLine]() {
		require.Regexp(t, `[{ ]`+name+`\??[,}]`, section(t, "### `henge_log_v1` (served)"))
	}
	for _, name := range slices.Concat(jsonNames[abi.Fetch](), jsonNames[abi.Fetched]()) {
		require.Regexp(t, `[{ ]`+name+`\??[,}]`, section(t, "### `henge_http_v1` (served)"))
	}
	for _, name := range slices.Concat(jsonNames[abi.SubmitJob](), jsonNames[abi.SubmittedJob](), jsonNames[abi.WaitJobs](), jsonNames[abi.WaitedJob]()) {
		require.Regexp(t, `[{ ]`+name+`\??[,}]`, section(t, "### `henge_queue_v1` (served)"))
	}
	require.Equal(t, jsonNames[abi.Manifest](), matches(section(t, "## 7. The manifest"), "(?m)^\\| `(\\w+)` \\|"))
}

func TestEveryNameIsDocumented(t *testing.T) {
	text := read(t, "ABI.md")
	for name, value := range constants(t) {
		if strings.HasPrefix(name, "Export") || strings.HasPrefix(name, "Env") || name == "ManifestSection" || name == "FreshInstance" {
			require.Contains(t, text, "`"+value+"`", name)
		}
	}
	var ends []string
	for e := job.Success; e <= job.NotKept; e++ {
		ends = append(ends, e.String())
	}
	rows := matches(section(t, "## 8. What a job may use, and how it ends"), "(?m)^\\| `(\\w+)` \\|")
	require.Equal(t, ends, rows)
	budgets := matches(section(t, "## 8. What a job may use, and how it ends"), "(?m)^\\| [a-z ]+ \\| `(\\w+)` \\|")
	require.ElementsMatch(t, jsonNames[abi.MetaLimits](), budgets)
}

// The example in hex is what it says.
func TestExampleInCBOR(t *testing.T) {
	hex := strings.Join(matches(section(t, "## 3. Encoding"), `(?m)^ *((?:[0-9a-f]{2} )+) `), "")
	request := unhex(t, hex)
	require.Len(t, request, 17)
	var f abi.Fail
	enc, err := abi.Decode(request, &f)
	require.NoError(t, err)
	require.Equal(t, abi.CBOR, enc)
	require.Equal(t, abi.Fail{Message: "no name"}, f)
	again, err := abi.Encode(abi.CBOR, f)
	require.NoError(t, err)
	require.Equal(t, request, again)
}

// The page's links to its own sections lead somewhere.
func TestLinks(t *testing.T) {
	text := read(t, "ABI.md")
	var anchors []string
	for _, heading := range matches(text, `(?m)^#+ (.+)$`) {
		anchor := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(heading), "")
		anchors = append(anchors, strings.ReplaceAll(anchor, " ", "-"))
	}
	for _, link := range matches(text, `\]\(#([^)]+)\)`) {
		require.Contains(t, anchors, link)
	}
}
