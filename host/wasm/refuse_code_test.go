package wasm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDecodeRefusesCode(t *testing.T) {
	one := header + section(types, list(plain)) + section(functions, list("\x00"))
	refused(t, map[string]damaged{
		"no end":                {one + section(code, list(text("\x00\x01"))) + here, "the file ends here"},
		"no end of a block":     {one + section(code, list(text("\x00\x02\x40\x0b"))) + here, "the file ends here"},
		"behind the end":        {function("\x0b" + here), "1 bytes are left over at the end of a function"},
		"else without if":       {function(here + "\x05"), "an else stands here without its if"},
		"else in a block":       {function("\x02\x40", here+"\x05\x0b"), "an else stands here without its if"},
		"else in a loop":        {function("\x03\x40", here+"\x05\x0b"), "an else stands here without its if"},
		"else twice":            {function("\x41\x00\x04\x40\x05", here+"\x05\x0b"), "an else stands here without its if"},
		"branch too far":        {function(here + "\x0c\x01"), "a branch goes out of 2 blocks, and 1 are open"},
		"branch if too far":     {function("\x02\x40\x41\x00" + here + "\x0d\x02\x0b"), "a branch goes out of 3 blocks, and 2 are open"},
		"branch of 2^32-1":      {function(here + "\x0c\xff\xff\xff\xff\x0f"), "goes out of 4294967296 blocks"},
		"table target too far":  {function("\x41\x00" + here + "\x0e\x02\x00\x01\x00"), "a branch goes out of 2 blocks"},
		"table default too far": {function("\x41\x00" + here + "\x0e\x01\x00\x01"), "a branch goes out of 2 blocks"},
		"table longer than all": {function("\x41\x00\x0e" + here + "\x7f\x00"), "127 branch targets are announced"},

		"no such function":       {function("\x10" + here + "\x01"), "function 1 is named here, and there are 1"},
		"no such type":           {function("\x11" + here + "\x02\x00"), "type 2 is named here, and there are 2"},
		"no such table":          {function("\x11\x00" + here + "\x01"), "table 1 is named here, and there are 1"},
		"no such local":          {function(here + "\x20\x03"), "local 3 is named here, and there are 3"},
		"no such global":         {function("\x23" + here + "\x01"), "global 1 is named here"},
		"no table to get":        {function("\x25" + here + "\x01"), "table 1 is named here"},
		"no data to init":        {function("\xfc\x08" + here + "\x01\x00"), "data segment 1 is named here, and there are 1"},
		"no data to drop":        {function("\xfc\x09" + here + "\x01"), "data segment 1 is named here"},
		"data without its count": {one + section(code, list(body("\xfc\x09"+here+"\x00"))) + section(data, list("\x01\x00")), "data segment 0 is named here, and there are 0"},
		"no element to init":     {function("\xfc\x0c" + here + "\x01\x00"), "element segment 1 is named here"},
		"no table to init":       {function("\xfc\x0c\x00" + here + "\x01"), "table 1 is named here"},
		"no element to drop":     {function("\xfc\x0d" + here + "\x01"), "element segment 1 is named here"},
		"no table to copy to":    {function("\xfc\x0e" + here + "\x01\x00"), "table 1 is named here"},
		"no table to copy from":  {function("\xfc\x0e\x00" + here + "\x01"), "table 1 is named here"},
		"no memory to load":      {one + section(code, list(body("\x41\x00\x28"+here+"\x00\x00\x1a"))), "there is no memory to use here"},
		"no memory to grow":      {one + section(code, list(body("\x41\x00\x40"+here+"\x00\x1a"))), "there is no memory to use here"},
		"memory 1 to fill":       {function("\xfc\x0b" + here + "\x01"), "memory 1 is named here"},
		"memory 1 to copy":       {function("\xfc\x0a\x00" + here + "\x01"), "memory 1 is named here"},
		"memory 1 to load":       {function("\x41\x00\x28" + here + "\x40\x01\x00\x1a"), "an alignment of 2 to the power of 64"},
		"alignment":              {function("\x41\x00\x28" + here + "\x20\x00\x1a"), "an alignment of 2 to the power of 32"},
		"offset of 64 bits":      {function("\x41\x00\x28\x00" + here + "\x80\x80\x80\x80\x10\x1a"), "longer than its 32 bits"},
		"reference to no type":   {function("\xd0" + here + "\x7f"), "0x7f is not the type of a reference"},
		"reference to nothing":   {function("\xd2" + here + "\x01"), "function 1 is named here"},
		"select of no type":      {function("\x1c\x01" + here + "\x40"), "0x40 is not the type of a value"},
		"block of no type":       {function("\x02" + here + "\x41"), "this is not the type of a block"},
		"block of type 2":        {function("\x02" + here + "\x02\x0b"), "type 2 is named here, and there are 2"},
		"block of type -65":      {function("\x02" + here + "\xbf\x7f\x0b"), "this is not the type of a block"},

		"i32 of six bytes":        {function("\x41" + here + "\x80\x80\x80\x80\x80\x00\x1a"), "longer than its 32 bits"},
		"i32 with unused bits":    {function("\x41" + here + "\xff\xff\xff\xff\x4f\x1a"), "longer than its 32 bits"},
		"i32 with half its sign":  {function("\x41" + here + "\xff\xff\xff\xff\x17\x1a"), "longer than its 32 bits"},
		"i64 of eleven bytes":     {function("\x42" + here + strings.Repeat("\x80", 10) + "\x00\x1a"), "longer than its 64 bits"},
		"i64 with unused bits":    {function("\x42" + here + strings.Repeat("\x80", 9) + "\x02\x1a"), "longer than its 64 bits"},
		"u32 with unused bits":    {function("\x20" + here + "\x80\x80\x80\x80\x70"), "longer than its 32 bits"},
		"f32 cut off":             {one + section(code, list(text("\x00\x43"+here+"\x00\x00\x0b"))), "4 bytes are announced here"},
		"v128 cut off":            {one + section(code, list(text("\x00\xfd\x0c"+here+"\x00\x0b"))), "16 bytes are announced here"},
		"body beyond the section": {one + section(code, "\x01\x09"+here+"\x00\x0b"), "9 bytes are announced here"},

		"50,001 locals": {one + section(code, list(bodyWith("\x02"+leb(50_000)+"\x7f"+here+"\x01\x7f"))), "more than 50000 locals"},
		"50,001 with parameters": {header + section(types, list("\x60\x01\x7f\x00")) + section(functions, list("\x00")) +
			section(code, list(bodyWith("\x01"+here+leb(50_000)+"\x7f"))), "more than 50000 locals"},
		"locals of no type": {one + section(code, list(bodyWith("\x01\x01"+here+"\x40"))), "0x40 is not the type of a value"},
	})
}

// TestDecodeNamesProposals refuses each instruction of a proposal that henge
// does not run, by the proposal's name.
func TestDecodeNamesProposals(t *testing.T) {
	cases := map[string]damaged{}
	for proposal, opcodes := range map[string][]string{
		"exception handling":        {"\x06", "\x07", "\x08", "\x09", "\x0a", "\x18", "\x19", "\x1f"},
		"tail calls":                {"\x12", "\x13"},
		"typed function references": {"\x14", "\x15", "\xd3", "\xd4", "\xd5", "\xd6"},
		"garbage-collected types":   {"\xfb\x00", "\xfb\x1e"},
		"threads":                   {"\xfe\x00\x02\x00", "\xfe\x10\x02\x00", "\xfe\x03\x00"},
		"relaxed SIMD":              {"\xfd\x80\x02", "\xfd\x93\x02", "\xfd\x9a\x01", "\xfd\xff\xff\xff\xff\x0f"},
		"no version of WebAssembly": {"\x16", "\x17", "\x1d", "\x1e", "\x27", "\xc5", "\xcf", "\xd7", "\xf0", "\xff", "\xfc\x12", "\xfc\xff\xff\xff\xff\x0f"},
	} {
		for _, op := range opcodes {
			cases[proposal+" "+hex(op)] = damaged{function(here + op), proposal}
		}
	}
	refused(t, cases)
}

func hex(op string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := range len(op) {
		b.WriteByte(digits[op[i]>>4])
		b.WriteByte(digits[op[i]&15])
	}
	return b.String()
}

// TestDecodeTakesOddNumbers takes numbers that are longer than need be, as the
// specification allows up to their width, and writes them as they were.
func TestDecodeTakesOddNumbers(t *testing.T) {
	for name, instructions := range map[string]string{
		"i32 of five bytes":         "\x41\x80\x80\x80\x80\x00\x1a",
		"least i32":                 "\x41\x80\x80\x80\x80\x78\x1a",
		"-1 in five bytes":          "\x41\xff\xff\xff\xff\x7f\x1a",
		"least i64":                 "\x42" + strings.Repeat("\x80", 9) + "\x7f\x1a",
		"0 in ten bytes":            "\x42" + strings.Repeat("\x80", 9) + "\x00\x1a",
		"local in five bytes":       "\x20\x80\x80\x80\x80\x00\x1a",
		"offset of 2^32-1":          "\x41\x00\x28\x02\xff\xff\xff\xff\x0f\x1a",
		"block type in five bytes":  "\x02\xc0\xff\xff\xff\x7f\x0b",
		"block type 0 in two bytes": "\x02\x80\x00\x0b",
		"prefixed in five bytes":    "\x43\x00\x00\x00\x00\xfc\x80\x80\x80\x80\x00\x1a",
	} {
		t.Run(name, func(t *testing.T) {
			m := decoded(t, []byte(function(instructions)))
			require.Equal(t, []byte(instructions+"\x0b"), m.Functions[0].Code)
			require.Equal(t, function(instructions), string(m.Encode()))
		})
	}
}

// TestDecodeTakes50000Locals takes the most there may be.
func TestDecodeTakes50000Locals(t *testing.T) {
	m := decoded(t, []byte(header+section(types, list(plain))+section(functions, list("\x00"))+
		section(code, list(bodyWith("\x01"+leb(50_000)+"\x7f", "\x20"+leb(49_999)+"\x1a")))))
	require.EqualValues(t, 50_000, m.Functions[0].Locals[0].Count)
}
