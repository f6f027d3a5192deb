package wasm_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/wasm"
)

func TestDecodeRefusesSections(t *testing.T) {
	withType := header + section(types, list(plain))
	refused(t, map[string]damaged{
		"no module":       {here + "text", "not WebAssembly"},
		"component":       {"\x00asm\x0d\x00" + here + "\x01\x00", "this is a component"},
		"unknown section": {header + here + section(13), "section 13 is not known"},
		"exceptions' tags": {header + section(memories, list("\x00\x01")) + here + section(13, list("\x00\x00")),
			"section 13 is not known"},
		"twice":                  {withType + here + section(types, list(plain)), "section 1 (types) stands twice"},
		"out of order":           {header + section(memories, "\x00") + here + section(types, "\x00"), "behind one that it should precede"},
		"data count behind code": {header + section(code, "\x00") + here + section(dataCount, "\x00"), "section 12 (data count)"},
		"cut off":                {header + here + "\x01\x05\x00", "has 5 bytes, and the file has 1 more"},
		"size without end":       {header + "\x01\x80\x80" + here, "the file ends here"},
		"size overlong":          {header + "\x01" + here + "\x80\x80\x80\x80\x80\x00", "longer than its 32 bits"},
		"custom without a name":  {header + "\x00\x00" + here, "the file ends here"},
		"custom name not UTF-8":  {header + section(custom, here+text("\xff")), "not UTF-8"},
		"left over":              {header + section(types, list(plain), here, "\x00\x00"), "2 bytes are left over at the end of section 1 (types)"},
		"content too short":      {header + section(types, "\x02"+plain) + here + section(custom, text("x")), "section or function ends here"},

		"type of another kind":   {header + section(types, list(here+"\x5f\x00")), "a type of kind 0x5f is not known"},
		"parameter of no type":   {header + section(types, list("\x60\x01"+here+"\x40\x00")), "0x40 is not the type of a value"},
		"result of a later type": {header + section(types, list("\x60\x00\x01"+here+"\x64")), "0x64 is not the type of a value"},

		"import of a tag":           {header + section(imports, list(text("m")+text("n")+here+"\x04\x00\x00")), "an import of kind 4 is not known"},
		"import of no type":         {withType + section(imports, list(text("m")+text("n")+"\x00"+here+"\x01")), "type 1 is named here, and there are 1"},
		"import's module not UTF-8": {header + section(imports, list(here+text("\xc3\x28")+text("n")+"\x00\x00")), "not UTF-8"},
		"import's name not UTF-8":   {header + section(imports, list(text("m")+here+text("\xed\xa0\x80")+"\x00\x00")), "not UTF-8"},
		"import of two memories": {header + section(imports, list(text("m")+text("n")+"\x02\x00\x01", text("m")+text("n")+here+"\x02\x00\x01")),
			"a second memory"},
		"name beyond the section": {header + section(imports, "\x01\x09"+here+"m"), "9 bytes are announced here"},

		"function of no type":  {withType + section(functions, list("\x00", here+"\x01")), "type 1 is named here"},
		"functions, no code":   {withType + section(functions, here+list("\x00")), "1 functions are declared, and there is code for 0"},
		"code for no function": {withType + section(code, here+list(body())), "0 functions are declared, and there is code for 1"},

		"table of values":          {header + section(tables, list(here+"\x7f\x00\x00")), "0x7f is not the type of a reference"},
		"table with first entries": {header + section(tables, list(here+"\x40\x00\x70\x00\x00")), "0x40 is not the type of a reference"},
		"table of 64 bits":         {header + section(tables, list("\x70"+here+"\x04\x00")), "64-bit addresses"},
		"table upside down":        {header + section(tables, list("\x70"+here+"\x01\x02\x01")), "a minimum of 2 entries is above the maximum of 1"},

		"second memory":         {header + section(memories, list("\x00\x01", here+"\x00\x01")), "a second memory"},
		"memory beside another": {header + section(imports, list(text("m")+text("n")+"\x02\x00\x01")) + section(memories, list(here+"\x00\x01")), "a second memory"},
		"shared memory":         {header + section(memories, list(here+"\x03\x01\x02")), "a shared memory belongs to threads"},
		"shared without end":    {header + section(memories, list(here+"\x02\x01")), "a shared memory belongs to threads"},
		"memory of 64 bits":     {header + section(memories, list(here+"\x04\x01")), "64-bit addresses"},
		"bounded, of 64 bits":   {header + section(memories, list(here+"\x05\x01\x02")), "64-bit addresses"},
		"pages of another size": {header + section(memories, list(here+"\x08\x01\x00")), "limits of kind 0x08"},
		"too large a memory":    {header + section(memories, list(here+"\x00"+leb(65537))), "more than 65536 pages"},
		"too large a maximum":   {header + section(memories, list(here+"\x01\x00"+leb(65537))), "more than 65536 pages"},
		"memory upside down":    {header + section(memories, list(here+"\x01\x02\x01")), "a minimum of 2 pages"},

		"global half mutable":         {header + section(globals, list("\x7f"+here+"\x02\x41\x00\x0b")), "this says 0x02"},
		"global of no type":           {header + section(globals, list(here+"\x40\x00\x41\x00\x0b")), "0x40 is not the type of a value"},
		"global made of a later one":  {header + section(globals, list("\x7f\x00\x23"+here+"\x00\x0b")), "global 0 is named here, and there are 0"},
		"global made of mutable":      {header + section(globals, list("\x7f\x01\x41\x00\x0b", "\x7f\x00"+here+"\x23\x00\x0b")), "global 0 may change"},
		"global made by a call":       {withType + section(imports, list(text("m")+text("n")+"\x00\x00")) + section(globals, list("\x7f\x00"+here+"\x10\x00\x0b")), "instruction 0x10 may not stand in a constant"},
		"global made of memory":       {header + section(globals, list("\x7f\x00\x41\x00"+here+"\x6d\x0b")), "instruction 0x6d may not stand in a constant"},
		"global without end":          {header + section(globals, list("\x7f\x00\x41\x00")) + here, "the file ends here"},
		"global of no function":       {header + section(globals, list("\x70\x00\xd2"+here+"\x00\x0b")), "function 0 is named here, and there are 0"},
		"global of no reference type": {header + section(globals, list("\x70\x00\xd0"+here+"\x7f\x0b")), "0x7f is not the type of a reference"},

		"export twice":       {header + section(memories, list("\x00\x01")) + section(exports, list(text("m")+"\x02\x00", here+text("m")+"\x02\x00")), `the export "m" stands twice`},
		"export of a tag":    {header + section(exports, list(text("m")+here+"\x04\x00")), "an export of kind 4"},
		"export of nothing":  {header + section(exports, list(text("m")+"\x00"+here+"\x00")), "function 0 is named here, and there are 0"},
		"export of no table": {header + section(exports, list(text("m")+"\x01"+here+"\x00")), "table 0 is named here"},
		"export of no memory": {header + section(exports, list(text("m")+"\x02"+here+"\x01")),
			"memory 1 is named here"},
		"export of no global":  {header + section(exports, list(text("m")+"\x03"+here+"\x00")), "global 0 is named here"},
		"export not UTF-8":     {header + section(exports, list(here+text("\x80")+"\x00\x00")), "not UTF-8"},
		"start of no function": {header + section(start, here+"\x00"), "function 0 is named here"},
		"start that takes": {header + section(types, list("\x60\x01\x7f\x00")) + section(functions, list("\x00")) +
			section(start, here+"\x00") + section(code, list(body())), "the start function takes or gives values"},

		"elements of kind 8":       {header + section(elements, list(here+"\x08")), "an element segment of kind 8"},
		"elements of no table":     {withType + section(elements, list(here+"\x00\x41\x00\x0b\x00")), "table 0 is named here, and there are 0"},
		"elements of no function":  {header + section(elements, list("\x01\x00\x01"+here+"\x07")), "function 7 is named here"},
		"elements of another kind": {header + section(elements, list("\x01"+here+"\x01\x00")), "elements of kind 0x01"},
		"elements of values":       {header + section(elements, list("\x05"+here+"\x7f\x00")), "0x7f is not the type of a reference"},

		"data count wrong":       {header + section(dataCount, here+"\x02") + section(data, list("\x01\x00")), "2 data segments are announced, and there are 1"},
		"data count without any": {header + section(dataCount, here+"\x01"), "1 data segments are announced, and there are 0"},
		"data of kind 3":         {header + section(data, list(here+"\x03\x00")), "a data segment of kind 3"},
		"data for no memory":     {header + section(data, list(here+"\x00\x41\x00\x0b\x00")), "there is no memory for this data segment"},
		"data for memory 1":      {header + section(memories, list("\x00\x01")) + section(data, list(here+"\x02\x01\x41\x00\x0b\x00")), "memory 1 is named here"},
		"data cut off":           {header + section(data, list("\x01\x05"+here+"ab")), "5 bytes are announced here"},

		"reserved import": {withType + section(imports, list(text("x")+text("y")+"\x00\x00", here+text(wasm.MeterModule)+text("anything")+"\x00\x00")),
			`it imports "anything" from "henge_meter", which belongs to the host`},
		"reserved fuel":   {reservedGlobal(wasm.FuelExport), `it exports "henge.fuel"`},
		"reserved depth":  {reservedGlobal(wasm.DepthExport), `it exports "henge.depth"`},
		"reserved start":  {reservedGlobal(wasm.StartExport), `it exports "henge.start"`},
		"reserved prefix": {reservedGlobal(wasm.ReservedExport), `it exports "henge."`},
	})
}

// reservedGlobal exports a global under a name.
func reservedGlobal(name string) string {
	return header + section(globals, list("\x7e\x01\x42\x00\x0b")) + section(exports, list(text("ok")+"\x03\x00", here+text(name)+"\x03\x00"))
}

// TestReservedNamesAreNotTooMany keeps names that only look like the host's.
func TestReservedNamesAreNotTooMany(t *testing.T) {
	binary, _ := module(header + section(types, list(plain)) +
		section(imports, list(text("henge_meter2")+text("refuel")+"\x00\x00", text("env")+text("henge_meter")+"\x00\x00")) +
		section(exports, list(text("henge")+"\x00\x00", text("hengefuel")+"\x00\x01", text(" henge.fuel")+"\x00\x01")))
	require.Len(t, decoded(t, binary).Exports, 3)
}

// TestFalseCountsReserveNothing gives each list a length of 2^32-1, which is
// refused before any memory is taken for it.
func TestFalseCountsReserveNothing(t *testing.T) {
	const vast = "\xff\xff\xff\xff\x0f"
	const code1 = header + "\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a"
	for name, c := range map[string]damaged{
		"types":            {header + section(types, here+vast), "4294967295 types"},
		"parameters":       {header + section(types, "\x01\x60"+here+vast), "4294967295 types"},
		"results":          {header + section(types, "\x01\x60\x00"+here+vast), "4294967295 types"},
		"imports":          {header + section(imports, here+vast), "4294967295 imports"},
		"a name":           {header + section(imports, "\x01"+vast+here), "4294967295 bytes"},
		"functions":        {header + section(functions, here+vast), "4294967295 functions"},
		"tables":           {header + section(tables, here+vast), "4294967295 tables"},
		"memories":         {header + section(memories, here+vast), "4294967295 memories"},
		"globals":          {header + section(globals, here+vast), "4294967295 globals"},
		"exports":          {header + section(exports, here+vast), "4294967295 exports"},
		"element segments": {header + section(elements, here+vast), "4294967295 element segments"},
		"elements":         {header + section(elements, "\x01\x01\x00"+here+vast), "4294967295 elements"},
		"bodies":           {header + section(code, here+vast), "4294967295 functions"},
		"a body":           {code1 + leb(6) + "\x01" + vast + here, "4294967295 bytes"},
		"groups of locals": {code1 + leb(7) + "\x01\x05" + here + vast, "4294967295 groups of locals"},
		"locals":           {code1 + leb(9) + "\x01\x07\x01" + here + vast + "\x7f", "more than 50000 locals"},
		"branch targets":   {code1 + leb(9) + "\x01\x07\x00\x0e" + here + vast, "4294967295 branch targets"},
		"types of select":  {code1 + leb(9) + "\x01\x07\x00\x1c" + here + vast, "4294967295 types"},
		"data segments":    {header + section(data, here+vast), "4294967295 data segments"},
		"data":             {header + section(data, "\x01\x01"+vast+here), "4294967295 bytes"},
		"data count":       {header + section(dataCount, here+vast), "4294967295 data segments are announced"},
	} {
		t.Run(name, func(t *testing.T) {
			binary, offset := module(c.module)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := wasm.Decode(binary)
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
			require.ErrorContains(t, err, c.want)
			require.Equal(t, offset, err.(*wasm.Error).Offset, err)
		})
	}
}

// TestLongNamesAreCutInMessages keeps an error short that quotes the guest.
func TestLongNamesAreCutInMessages(t *testing.T) {
	long := strings.Repeat("\x1b[2J", 10_000)
	for name, file := range map[string]string{
		"export": header + section(memories, list("\x00\x01")) + section(exports, list(text(long)+"\x02\x00", text(long)+"\x02\x00")),
		"import": header + section(types, list(plain)) + section(imports, list(text(wasm.MeterModule)+text(long)+"\x00\x00")),
		"reserved": header + section(memories, list("\x00\x01")) +
			section(exports, list(text(wasm.ReservedExport+long)+"\x02\x00")),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wasm.Decode([]byte(file))
			require.Error(t, err)
			require.Less(t, len(err.Error()), 500)
			require.NotContains(t, err.Error(), "\x1b")
		})
	}
}
