package sandbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// Modules that are valid and have far more of something than any compiler
// makes. A host may have a limit and refuse them, with a reason; if it does
// not, they run like any other. Neither may take long.
func TestHostileLarge(t *testing.T) {
	b := setup(t, sandbox.Options{})
	other := newBystander(t, b)
	for name, generate := range map[string]func() []byte{
		"functions_50000":      func() []byte { return manyFunctions(50_000 / slower) },
		"locals_100000":        func() []byte { return manyLocals(100_000 / slower) },
		"targets_100000":       func() []byte { return manyTargets(100_000 / slower) },
		"blocks_10000_deep":    func() []byte { return deep(10_000/slower, opBlock, noResult) },
		"loops_10000_deep":     func() []byte { return deep(10_000/slower, opLoop, noResult) },
		"ifs_10000_deep":       func() []byte { return deep(10_000/slower, opI32Const, 1, opIf, noResult) },
		"types_1000000":        func() []byte { return manyTypes(1_000_000 / slower) },
		"globals_10000":        func() []byte { return manyGlobals(10_000 / slower) },
		"exports_50000":        func() []byte { return manyExports(50_000 / slower) },
		"custom_section_50mb":  func() []byte { return behind(section(sectionCustom, text("large"), repeat(50_000_000/slower, 0))) },
		"custom_sections_many": func() []byte { return behind(repeat(100_000/slower, section(sectionCustom, text("x"))...)) },

		// Each of these was once quadratic in some compiler.
		"loops_in_a_row": func() []byte { return inARow(5_000/slower, opLoop, noResult, opEnd) },
		"blocks_in_a_row": func() []byte {
			return inARow(10_000/slower, opBlock, noResult, opLocalGet, 0, opI64Const, 1, opI64Add, opLocalSet, 0, opEnd)
		},
		"locals_in_blocks": func() []byte { return localsInBlocks(1_000 / slower) },

		// What is in custom sections is not the module's to be judged by.
		"names_4_billion":      func() []byte { return behind(section(sectionCustom, text("name"), []byte{1, 5}, vast)) },
		"local_names_billions": func() []byte { return behind(section(sectionCustom, text("name"), []byte{2, 5}, vast)) },
		"names_not_text":       func() []byte { return behind(section(sectionCustom, text("name"), []byte{0, 2, 1, 0xff})) },
		"debug_damaged":        func() []byte { return behind(damagedDebug()...) },
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			m, err := b.Load(context.Background(), generate(), &abi.Manifest{Name: "guest"}, job.Limits{})
			require.Less(t, time.Since(start), 20*time.Second)
			if err != nil {
				require.Less(t, len(err.Error()), 400, "the reason is a sentence")
				other.check(t)
				return
			}
			r := m.Run(context.Background(), newJob(nil))
			require.Equal(t, job.Success.String(), r.End.String(), r.Error)
			require.NoError(t, m.Close(context.Background()))
			other.check(t)
		})
	}
}

// vast is 2^32-1, the largest count that can be written.
var vast = []byte{0xff, 0xff, 0xff, 0xff, 0x0f}

// damagedDebug are sections with the names of debugging information, and
// nothing of that kind in them.
func damagedDebug() [][]byte {
	var out [][]byte
	for _, name := range []string{".debug_info", ".debug_abbrev", ".debug_line", ".debug_str", ".debug_ranges"} {
		out = append(out, section(sectionCustom, text(name), repeat(1000, 0xff, 0x7f, 0x01)))
	}
	return out
}
