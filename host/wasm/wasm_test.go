package wasm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/wasm"
)

const header = "\x00asm\x01\x00\x00\x00"

func TestCheckHeader(t *testing.T) {
	for name, c := range map[string]struct {
		file, want string
		offset     int
	}{
		"nothing":            {"", `begins with ""`, 0},
		"text":               {"(module)", `not WebAssembly: a module begins with "\x00asm", this begins with "(mod"`, 0},
		"ELF":                {"\x7fELF\x02\x01\x01", "not WebAssembly", 0},
		"half of the magic":  {"\x00a", "not WebAssembly", 0},
		"magic alone":        {"\x00asm", "4 of 8 bytes", 4},
		"half of a version":  {"\x00asm\x01\x00", "6 of 8 bytes", 6},
		"version 2":          {"\x00asm\x02\x00\x00\x00", "version 2, layer 0", 4},
		"component":          {"\x00asm\x0d\x00\x01\x00", "this is a component", 6},
		"unknown layer":      {"\x00asm\x01\x00\x02\x00", "layer 2", 4},
		"terminal sequences": {"\x1b[2J\x1b[", `\x1b[2J`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			err := wasm.CheckHeader([]byte(c.file))
			require.ErrorContains(t, err, c.want)
			var e *wasm.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.offset, e.Offset)
		})
	}
	require.NoError(t, wasm.CheckHeader([]byte(header)))
	require.NoError(t, wasm.CheckHeader([]byte(header+"anything")))
}

func TestCustomSection(t *testing.T) {
	const (
		producers = "\x00\x0c\x09producersxy"
		manifest  = "\x00\x10\x0ehenge.manifest{"
		empty     = "\x00\x01\x00"
		types     = "\x01\x01\x00"
	)
	for name, c := range map[string]struct {
		module, want string
		found        bool
	}{
		"no section":       {header, "", false},
		"alone":            {header + manifest, "{", true},
		"after others":     {header + types + producers + manifest, "{", true},
		"before others":    {header + manifest + types + "\x00\x10\x0ehenge.manifestx", "{", true},
		"another":          {header + producers, "", false},
		"an empty name":    {header + empty, "", false},
		"nothing in it":    {header + "\x00\x0f\x0ehenge.manifest", "", true},
		"a longer size":    {header + "\x00\x90\x80\x80\x80\x00\x0ehenge.manifest{", "{", true},
		"not a custom one": {header + "\x0b\x10\x0ehenge.manifest{", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			b, found, err := wasm.CustomSection([]byte(c.module), "henge.manifest")
			require.NoError(t, err)
			require.Equal(t, c.found, found)
			require.Equal(t, c.want, string(b))
		})
	}
}

func TestCustomSectionRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		module, want string
		offset       int
	}{
		"no module":             {"text", "not WebAssembly", 0},
		"no size":               {header + "\x00", "ends within a number", 9},
		"size cut off":          {header + "\x00\x80", "ends within a number", 10},
		"size beyond 32 bits":   {header + "\x00\xff\xff\xff\xff\x1f", "larger than 32 bits", 9},
		"size too long":         {header + "\x00\x80\x80\x80\x80\x80\x00", "larger than 32 bits", 9},
		"section cut off":       {header + "\x01\x05\x00", "has 5 bytes, and the file has 1 more", 8},
		"section of 4 GiB":      {header + "\x01\xff\xff\xff\xff\x0f", "has 4294967295 bytes", 8},
		"the second is cut off": {header + "\x01\x01\x00\x03\x09", "section 3 says", 11},
		"no name":               {header + "\x00\x00", "ends within a number", 10},
		"name beyond section":   {header + "\x00\x02\x05ab\x00\x00\x00", "name is longer", 10},
		"name of 4 GiB":         {header + "\x00\x05\xff\xff\xff\xff\x0f", "name is longer", 10},
	} {
		t.Run(name, func(t *testing.T) {
			_, found, err := wasm.CustomSection([]byte(c.module), "henge.manifest")
			require.ErrorContains(t, err, c.want)
			require.False(t, found)
			var e *wasm.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.offset, e.Offset, e)
		})
	}
}

func TestBoundTables(t *testing.T) {
	for name, c := range map[string]struct{ module, want string }{
		"no table":        {header, header},
		"without maximum": {header + "\x04\x04\x01\x70\x00\x02", header + "\x04\x05\x01\x70\x01\x02\x64"},
		"larger maximum":  {header + "\x04\x06\x01\x70\x01\x02\xff\x01", header + "\x04\x05\x01\x70\x01\x02\x64"},
		"smaller maximum": {header + "\x04\x05\x01\x6f\x01\x02\x03", header + "\x04\x05\x01\x6f\x01\x02\x03"},
		"two share":       {header + "\x04\x07\x02\x70\x00\x0a\x6f\x00\x1e", header + "\x04\x09\x02\x70\x01\x0a\x28\x6f\x01\x1e\x3c"},
		"rest is kept":    {header + "\x01\x01\x00\x04\x04\x01\x70\x00\x02\x00\x01\x00", header + "\x01\x01\x00\x04\x05\x01\x70\x01\x02\x64\x00\x01\x00"},
		"empty section":   {header + "\x04\x01\x00", header + "\x04\x01\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			before := c.module
			got, err := wasm.BoundTables([]byte(c.module), 100)
			require.NoError(t, err)
			require.Equal(t, []byte(c.want), got)
			require.Equal(t, before, c.module)
			again, err := wasm.BoundTables(got, 100)
			require.NoError(t, err)
			require.Equal(t, got, again)
		})
	}
}

func TestBoundTablesRefuses(t *testing.T) {
	for name, c := range map[string]struct{ module, want string }{
		"no module":         {"text", "not WebAssembly"},
		"too many entries":  {header + "\x04\x04\x01\x70\x00\x65", "start with 101 entries, and at most 100"},
		"together too many": {header + "\x04\x07\x02\x70\x00\x33\x70\x00\x32", "start with 101 entries"},
		"unknown kind":      {header + "\x04\x04\x01\x40\x00\x02", "kind 0x40"},
		"64 bits":           {header + "\x04\x04\x01\x70\x04\x02", "kind 0x04"},
		"cut off":           {header + "\x04\x03\x01\x70\x00", "ends within a number"},
		"fewer than said":   {header + "\x04\x04\x02\x70\x00\x01", "ends within a table"},
		"4 billion tables":  {header + "\x04\x05\xff\xff\xff\xff\x0f", "ends within a table"},
		"more than said":    {header + "\x04\x05\x01\x70\x00\x01\x00", "follows the last table"},
		"two sections":      {header + "\x04\x04\x01\x70\x00\x01\x04\x04\x01\x70\x00\x01", "more than one table section"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wasm.BoundTables([]byte(c.module), 100)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// FuzzSections gives the readers of sections any bytes: they answer or refuse,
// with an offset within the file.
func FuzzSections(f *testing.F) {
	for _, seed := range []string{
		"", "\x00asm", header, "\x00asm\x0d\x00\x01\x00",
		header + "\x00\x10\x0ehenge.manifest{",
		header + "\x01\x01\x00\x00\x0c\x09producersxy",
		header + "\x00\xff\xff\xff\xff\x0f",
		header + "\x04\x04\x01\x70\x00\x02",
		header + "\x04\x07\x02\x70\x00\x0a\x6f\x00\x1e",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, module []byte) {
		check := func(err error) {
			if err != nil {
				var e *wasm.Error
				require.ErrorAs(t, err, &e)
				require.GreaterOrEqual(t, e.Offset, 0)
				require.LessOrEqual(t, e.Offset, len(module))
			}
		}
		headerErr := wasm.CheckHeader(module)
		check(headerErr)
		_, _, err := wasm.CustomSection(module, "henge.manifest")
		check(err)
		if headerErr != nil {
			require.Equal(t, headerErr, err)
		}
		bounded, err := wasm.BoundTables(module, 100)
		check(err)
		if err == nil {
			again, err := wasm.BoundTables(bounded, 100)
			require.NoError(t, err)
			require.Equal(t, bounded, again)
		}
	})
}
