package wasm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/wasm"
)

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
		"no size":               {header + "\x00", "the file ends here", 9},
		"size cut off":          {header + "\x00\x80", "the file ends here", 10},
		"size beyond 32 bits":   {header + "\x00\xff\xff\xff\xff\x1f", "longer than its 32 bits", 9},
		"size too long":         {header + "\x00\x80\x80\x80\x80\x80\x00", "longer than its 32 bits", 9},
		"section cut off":       {header + "\x01\x05\x00", "has 5 bytes, and the file has 1 more", 8},
		"section of 4 GiB":      {header + "\x01\xff\xff\xff\xff\x0f", "has 4294967295 bytes", 8},
		"the second is cut off": {header + "\x01\x01\x00\x03\x09", "section 3 (functions) says", 11},
		"no name":               {header + "\x00\x00", "the file ends here", 10},
		"name beyond section":   {header + "\x00\x02\x05ab\x00\x00\x00", "5 bytes are announced here", 11},
		"name of 4 GiB":         {header + "\x00\x05\xff\xff\xff\xff\x0f", "4294967295 bytes are announced here", 15},
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
