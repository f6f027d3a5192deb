package sandbox_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

// fault is a module that is damaged or forged, and has to be refused.
type fault struct {
	module []byte

	// typed marks one whose bytes are in order, so that the refusal may come
	// from the check of types and need not say where.
	typed bool
}

// allocated returns what f allocates in all, in bytes.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// refuse has a module refused: soon, with a place where bytes are wrong, and
// with no more memory than its own size justifies, however many of something
// it announces.
func (f fault) refuse(t *testing.T, b *bundle) {
	t.Helper()
	var err error
	start := time.Now()
	size := allocated(func() { err = tryLoad(t, b, f.module, abi.Manifest{}, job.Limits{}) })
	require.Error(t, err)
	if !f.typed {
		require.Regexp(t, `at byte \d+: `, err.Error())
	}
	require.Less(t, len(err.Error()), 400)
	require.Less(t, time.Since(start), 2*time.Second)
	require.Less(t, size, uint64(4*mib+100*len(f.module)))
}

// refuseAll has each module refused, and the runtime work on.
func refuseAll(t *testing.T, faults map[string]fault) {
	b := setup(t, sandbox.Options{})
	other := newBystander(t, b)
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			f.refuse(t, b)
			other.check(t)
		})
	}
}

// Whatever has a count announces the largest that can be written, with next to
// nothing behind it.
func TestHostileCounts(t *testing.T) {
	oneFunction := join(section(sectionType, vector([]byte{0x60, 0, 0})), section(sectionFunction, []byte{1, 0}))
	code := func(content ...[]byte) []byte {
		all := join(content...)
		return module(oneFunction, section(sectionCode, []byte{1}, leb(len(all)), all))
	}
	groups := func(n int, count []byte) []byte {
		return code(leb(n), repeat(n, join(count, []byte{i32})...), []byte{opEnd})
	}
	refuseAll(t, map[string]fault{
		"types":                 {module: module(section(sectionType, vast))},
		"parameters":            {module: module(section(sectionType, []byte{1, 0x60}, vast))},
		"results":               {module: module(section(sectionType, []byte{1, 0x60, 0}, vast))},
		"imports":               {module: module(section(sectionImport, vast))},
		"name of an import":     {module: module(section(sectionImport, []byte{1}, vast, []byte("env")))},
		"functions":             {module: module(section(sectionType, vector([]byte{0x60, 0, 0})), section(sectionFunction, vast, repeat(100, 0)))},
		"functions, none there": {module: module(section(sectionFunction, vast))},
		"tables":                {module: module(section(sectionTable, vast))},
		"entries of a table":    {module: module(section(sectionTable, []byte{1, funcref, 0}, vast)), typed: true},
		"memories":              {module: module(section(sectionMemory, vast))},
		"pages of memory":       {module: module(section(sectionMemory, []byte{1, 0}, vast))},
		"globals":               {module: module(section(sectionGlobal, vast))},
		"exports":               {module: module(section(sectionExport, vast))},
		"name of an export":     {module: module(section(sectionExport, []byte{1}, vast, []byte("memory")))},
		"element segments":      {module: module(section(sectionElement, vast))},
		"elements":              {module: module(section(sectionTable, []byte{1, funcref, 0, 1}), section(sectionElement, []byte{1, 0, opI32Const, 0, opEnd}, vast))},
		"element expressions":   {module: module(section(sectionTable, []byte{1, funcref, 0, 1}), section(sectionElement, []byte{1, 4, opI32Const, 0, opEnd}, vast))},
		"code":                  {module: module(oneFunction, section(sectionCode, vast))},
		"size of a body":        {module: module(oneFunction, section(sectionCode, []byte{1}, vast, []byte{0, opEnd}))},
		"groups of locals":      {module: code(vast, []byte{opEnd})},
		"locals, one group":     {module: groups(1, vast)},
		"locals, two groups":    {module: groups(2, vast)},
		"locals, 1000 groups":   {module: groups(1000, vast)},
		"locals, 2^32 in all":   {module: groups(16, []byte{0x80, 0x80, 0x80, 0x80, 0x01})},
		"targets of a br_table": {module: code(noLocals, []byte{opI32Const, 0, opBrTable}, vast, []byte{0, opEnd})},
		"types of a select":     {module: code(noLocals, []byte{0x1c}, vast, []byte{opEnd})},
		"data segments":         {module: module(section(sectionMemory, []byte{1, 0, 1}), section(sectionData, vast))},
		"bytes of data":         {module: module(section(sectionMemory, []byte{1, 0, 1}), section(sectionData, []byte{1, 0, opI32Const, 0, opEnd}, vast))},
		"1 GiB of data":         {module: module(section(sectionMemory, []byte{1, 0, 1}), section(sectionData, []byte{1, 1, 0x80, 0x80, 0x80, 0x80, 0x04, 'a'}))},
		"1 GiB in a section":    {module: module(section(sectionMemory, []byte{1, 0, 1}), []byte{sectionData, 0x80, 0x80, 0x80, 0x80, 0x04, 1})},
		"data count":            {module: module(section(sectionDataCount, vast))},
		"custom name":           {module: module(section(sectionCustom, vast, []byte("name")))},
		"size of a section":     {module: module([]byte{sectionType}, vast)},
	})
}

// A module that ends early is refused wherever it ends, but where what is left
// is a module, which then has no memory or no code.
func TestHostileTruncated(t *testing.T) {
	b := setup(t, sandbox.Options{})
	other := newBystander(t, b)
	whole := exponentialCalls()
	require.NoError(t, tryLoad(t, b, whole, abi.Manifest{}, job.Limits{}))
	for n := range whole {
		require.Error(t, tryLoad(t, b, whole[:n], abi.Manifest{}, job.Limits{}), "the first %d of %d bytes", n, len(whole))
	}
	other.check(t)
}

// randomModule has the sections that modules have, in their order and with
// their right sizes, and anything in them: so that more than the first reader
// is reached.
func randomModule(r *rand.Rand) []byte {
	out := module()
	for _, id := range []byte{sectionType, sectionImport, sectionFunction, sectionTable, sectionMemory, sectionGlobal,
		sectionExport, sectionStart, sectionElement, sectionDataCount, sectionCode, sectionData} {
		if r.IntN(3) > 0 {
			continue
		}
		content := make([]byte, 1+r.IntN(40))
		for i := range content {
			content[i] = byte(r.Uint32() >> (8 * r.IntN(4)))
		}
		content[0] = byte(r.IntN(4))
		out = append(out, section(id, content)...)
	}
	return out
}

func TestHostileRandom(t *testing.T) {
	b := setup(t, sandbox.Options{})
	other := newBystander(t, b)
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		bytes := make([]byte, r.IntN(200))
		for i := range bytes {
			bytes[i] = byte(r.Uint32())
		}
		require.Error(t, tryLoad(t, b, module(bytes), abi.Manifest{}, job.Limits{}), "%x", bytes)
		forged := randomModule(r)
		require.Error(t, tryLoad(t, b, forged, abi.Manifest{}, job.Limits{}), "%x", forged)
	}
	other.check(t)
}

// mutants are modules whose every part a fuzzer may change.
func mutants(t testing.TB) [][]byte {
	out := [][]byte{engine(nil), deep(3, opBlock, noResult), manyTargets(3)}
	for _, name := range []string{"calls", "fresh", "hostile/dirty", "hostile/close_streams", "hostile/table_grow_many"} {
		out = append(out, wattest.CompileFile(t, "testdata/"+name+".wat"))
	}
	return out
}

// survive loads a module and runs it for a moment. What comes of it is not
// foreseen; that it comes back in time is.
func survive(t *testing.T, b *bundle, binary []byte) {
	start := time.Now()
	m, err := b.Load(context.Background(), binary, &abi.Manifest{Name: "guest"}, job.Limits{Memory: 4 * mib})
	if err == nil {
		j := newJob(nil)
		j.Timeout = 5 * time.Millisecond
		r := m.Run(context.Background(), j)
		require.NotEqual(t, job.Unknown, r.End)
		require.NoError(t, m.Close(context.Background()))
	}
	require.Less(t, time.Since(start), 5*time.Second)
}

// A module in which one byte is another is refused or runs; the runtime goes
// on in either case.
func TestHostileMutants(t *testing.T) {
	b := setup(t, sandbox.Options{LoadTimeout: 50 * time.Millisecond})
	other := newBystander(t, b)
	r := rand.New(rand.NewPCG(3, 4))
	for _, whole := range mutants(t) {
		for range 60 {
			mutant := append([]byte(nil), whole...)
			for range 1 + r.IntN(3) {
				mutant[8+r.IntN(len(mutant)-8)] = byte(r.Uint32())
			}
			survive(t, b, mutant)
		}
		other.check(t)
	}
}

// FuzzHostileModule gives Load any bytes, and runs what it takes for a module.
func FuzzHostileModule(f *testing.F) {
	for _, seed := range mutants(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, binary []byte) {
		survive(t, setup(t, sandbox.Options{LoadTimeout: 50 * time.Millisecond}), binary)
	})
}
