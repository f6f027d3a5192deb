package sandbox_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// parts are the sections of a module that runs, each to be replaced by one
// that is not in order.
type parts struct {
	types, imports, functions, tables, memory, globals, exports, start, elements, dataCount, code, data []byte
}

func goodParts() parts {
	return parts{
		types:     section(sectionType, vector([]byte{0x60, 0, 1, i32}, []byte{0x60, 0, 0})),
		functions: section(sectionFunction, []byte{2, 0, 1}),
		memory:    section(sectionMemory, []byte{1, 0, 1}),
		exports:   section(sectionExport, vector(join(text("memory"), []byte{2, 0}), join(text("henge_run"), []byte{0, 0}))),
		code:      codeOf(nil),
	}
}

// codeOf is a code section in which the second function does what is given.
func codeOf(second []byte) []byte {
	return section(sectionCode, vector(body(noLocals, []byte{opI32Const, 0}), body(noLocals, second)))
}

func (p parts) module() []byte {
	return module(p.types, p.imports, p.functions, p.tables, p.memory, p.globals, p.exports, p.start, p.elements, p.dataCount, p.code, p.data)
}

// with is the module with something changed.
func with(change func(*parts)) []byte {
	p := goodParts()
	change(&p)
	return p.module()
}

// withCode is the module with a second function that does what is given.
func withCode(code ...byte) []byte { return with(func(p *parts) { p.code = codeOf(code) }) }

// Numbers as they may stand, and as they may not: of more bytes than their
// type has room for, or with bits set that it has not.
//
// Specification: WebAssembly Core 2.0, section 5.2.2.
func TestHostileNumbers(t *testing.T) {
	refuseAll(t, map[string]fault{
		"section size in 6 bytes":       {module: module([]byte{sectionType, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00, 0})},
		"section size with unused bits": {module: module([]byte{sectionType, 0x81, 0x80, 0x80, 0x80, 0x10, 0})},
		"section size without end":      {module: module([]byte{sectionType, 0x80, 0x80})},
		"count in 6 bytes": {module: with(func(p *parts) {
			p.functions = section(sectionFunction, []byte{0x82, 0x80, 0x80, 0x80, 0x80, 0x00, 0, 1})
		})},
		"count with unused bits":        {module: with(func(p *parts) { p.functions = section(sectionFunction, []byte{0x82, 0x80, 0x80, 0x80, 0x70, 0, 1}) })},
		"function index in 6 bytes":     {module: withCode(opCall, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00)},
		"function index, unused bits":   {module: withCode(opCall, 0x81, 0x80, 0x80, 0x80, 0x40)},
		"i32.const in 6 bytes":          {module: withCode(opI32Const, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, opDrop)},
		"i32.const, unused bits":        {module: withCode(opI32Const, 0xff, 0xff, 0xff, 0xff, 0x0f, opDrop)},
		"i32.const, wrong sign":         {module: withCode(opI32Const, 0x80, 0x80, 0x80, 0x80, 0x70, opDrop), typed: true},
		"i64.const in 11 bytes":         {module: withCode(join([]byte{opI64Const}, repeat(10, 0x80), []byte{0, opDrop})...)},
		"i64.const, unused bits":        {module: withCode(join([]byte{opI64Const}, repeat(9, 0xff), []byte{0x3f, opDrop})...)},
		"block type in 6 bytes":         {module: withCode(opBlock, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00, opEnd)},
		"block type, unused bits":       {module: withCode(opBlock, 0x80, 0x80, 0x80, 0x80, 0x40, opEnd)},
		"offset of a load in 6 bytes":   {module: withCode(opI32Const, 0, 0x28, 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, opDrop)},
		"alignment beyond the size":     {module: withCode(opI32Const, 0, 0x28, 3, 0, opDrop), typed: true},
		"alignment of 2^31":             {module: withCode(opI32Const, 0, 0x28, 31, 0, opDrop), typed: true},
		"memory.size of another memory": {module: withCode(0x3f, 1, opDrop)},
		"long opcode in 6 bytes":        {module: withCode(0xfc, 0x89, 0x80, 0x80, 0x80, 0x80, 0x00, 0)},
		"long opcode that is none":      {module: withCode(0xfc, 18)},
		"long opcode far beyond":        {module: withCode(0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f)},
		"vector opcode that is none":    {module: withCode(0xfd, 0x9a, 0x01)},
		"vector opcode of 5 bytes":      {module: withCode(0xfd, 0xff, 0xff, 0xff, 0xff, 0x0f)},
		"opcode that is none":           {module: withCode(0xff)},
		"opcode of a later version":     {module: withCode(0x06, noResult, opEnd)},
		"opcode of threads":             {module: withCode(0xfe, 0x03, 0x00)},
		"end of the body in an opcode":  {module: with(func(p *parts) { p.code = section(sectionCode, []byte{2, 4, 0, opI32Const, 0, opEnd, 2, 0, 0xfc}) })},
		"end of the body in an argument": {module: with(func(p *parts) {
			p.code = section(sectionCode, []byte{2, 4, 0, opI32Const, 0, opEnd, 3, 0, opCall, 0x80})
		})},
	})
}

// Sections that are unknown, twice, out of order, too long or too short, and
// what they hold.
func TestHostileSections(t *testing.T) {
	const unknown = sectionDataCount + 1
	one := []byte{0x60, 0, 0}
	refuseAll(t, map[string]fault{
		"unknown section 13":       {module: behind(section(unknown, []byte{0}))},
		"unknown section 127":      {module: behind(section(127, []byte{0}))},
		"unknown section 255":      {module: before(section(255))},
		"type section twice":       {module: before(section(sectionType, vector(one)))},
		"code section twice":       {module: behind(codeOf(nil))},
		"code before functions":    {module: with(func(p *parts) { p.functions, p.code = p.code, p.functions })},
		"memory before types":      {module: with(func(p *parts) { p.types, p.memory = p.memory, p.types })},
		"data before data count":   {module: behind(section(sectionData, []byte{0}), section(sectionDataCount, []byte{0}))},
		"functions without code":   {module: with(func(p *parts) { p.code = nil })},
		"code without functions":   {module: with(func(p *parts) { p.functions = nil })},
		"more functions than code": {module: with(func(p *parts) { p.functions = section(sectionFunction, []byte{3, 0, 1, 1}) })},
		"less data than counted":   {module: with(func(p *parts) { p.dataCount = section(sectionDataCount, []byte{1}) })},
		"left over in types":       {module: with(func(p *parts) { p.types = section(sectionType, vector([]byte{0x60, 0, 1, i32}, one), []byte{0}) })},
		"left over in code": {module: with(func(p *parts) {
			p.code = section(sectionCode, vector(body(noLocals, []byte{opI32Const, 0}), body(noLocals)), []byte{0})
		})},
		"left over in a body": {module: withCode(opEnd, opCall, 0)},
		"a body without end":  {module: with(func(p *parts) { p.code = section(sectionCode, []byte{2, 4, 0, opI32Const, 0, opEnd, 2, 0, 0x01}) })},
		"a body of no bytes":  {module: with(func(p *parts) { p.code = section(sectionCode, []byte{2, 4, 0, opI32Const, 0, opEnd, 0}) })},
		"a block without end": {module: withCode(opBlock, noResult)},
		"an else without if":  {module: withCode(opBlock, noResult, opElse, opEnd)},
		"two elses":           {module: withCode(opI32Const, 0, opIf, noResult, opElse, opElse, opEnd)},
		"a type that is none": {module: with(func(p *parts) { p.types = section(sectionType, vector([]byte{0x60, 0, 1, i32}, []byte{0x5f, 0})) })},
		"a value that is none": {module: with(func(p *parts) {
			p.types = section(sectionType, vector([]byte{0x60, 0, 1, i32}, []byte{0x60, 1, 0x7a, 0}))
		})},
		"a local that is none": {module: with(func(p *parts) {
			p.code = section(sectionCode, vector(body(noLocals, []byte{opI32Const, 0}), body([]byte{1, 1, 0x40})))
		})},
		"limits that are none":      {module: with(func(p *parts) { p.memory = section(sectionMemory, []byte{1, 8, 1}) })},
		"a minimum over a maximum":  {module: with(func(p *parts) { p.memory = section(sectionMemory, []byte{1, 1, 2, 1}) })},
		"a mutability that is none": {module: with(func(p *parts) { p.globals = section(sectionGlobal, []byte{1, i64, 2, opI64Const, 0, opEnd}) })},
		"a global that computes":    {module: with(func(p *parts) { p.globals = section(sectionGlobal, []byte{1, i32, 0, opCall, 0, opEnd}) })},
		"a global without end":      {module: with(func(p *parts) { p.globals = section(sectionGlobal, []byte{1, i64, 1, opI64Const, 0}) })},
		"an export that is none":    {module: with(func(p *parts) { p.exports = section(sectionExport, vector(join(text("memory"), []byte{9, 0}))) })},
		"an export twice": {module: with(func(p *parts) {
			p.exports = section(sectionExport, vector(join(text("memory"), []byte{2, 0}), join(text("memory"), []byte{2, 0})))
		})},
		"a name that is no UTF-8":   {module: with(func(p *parts) { p.exports = section(sectionExport, vector(join(text("\xff\xfe"), []byte{0, 0}))) })},
		"an import that is none":    {module: with(func(p *parts) { p.imports = section(sectionImport, vector(join(text("a"), text("b"), []byte{9, 0}))) })},
		"a start that takes":        {module: with(func(p *parts) { p.start = section(sectionStart, []byte{0}) })},
		"a start that is not there": {module: with(func(p *parts) { p.start = section(sectionStart, []byte{2}) })},
		"elements of a kind":        {module: with(func(p *parts) { p.elements = section(sectionElement, []byte{1, 8, 0}) })},
		"data of a kind":            {module: with(func(p *parts) { p.data = section(sectionData, []byte{1, 3, 0}) })},
		"a custom section's name":   {module: behind(section(sectionCustom, []byte{5}, []byte("ab")))},
		"nothing on the stack":      {module: withCode(opDrop), typed: true},
		"another type":              {module: withCode(opI64Const, 0, 0x45, opDrop), typed: true},
		"a result that is left":     {module: withCode(opI32Const, 0), typed: true},
		"a component":               {module: []byte("\x00asm\x0d\x00\x01\x00\x00\x00")},
		"version 2":                 {module: []byte("\x00asm\x02\x00\x00\x00")},
	})
}

// What looks odd and is in order: numbers in more bytes than they need, an
// empty section, code that is never reached.
func TestHostileButValid(t *testing.T) {
	b := setup(t, sandbox.Options{})
	for name, binary := range map[string][]byte{
		"as it is":                  with(func(*parts) {}),
		"section size in 5 bytes":   before([]byte{sectionCustom, 0x84, 0x80, 0x80, 0x80, 0x00, 3, 'a', 'b', 'c'}),
		"count in 5 bytes":          with(func(p *parts) { p.functions = section(sectionFunction, []byte{0x82, 0x80, 0x80, 0x80, 0x00, 0, 1}) }),
		"function index in 5 bytes": withCode(opCall, 0x81, 0x80, 0x80, 0x80, 0x00),
		"i32.const in 5 bytes":      withCode(opI32Const, 0xff, 0xff, 0xff, 0xff, 0x7f, opDrop),
		"i64.const in 10 bytes":     withCode(join([]byte{opI64Const}, repeat(9, 0x80), []byte{0x7f, opDrop})...),
		"long opcode in 5 bytes":    withCode(opI32Const, 0, opI32Const, 0, opI32Const, 0, 0xfc, 0x8b, 0x80, 0x80, 0x80, 0x00, 0),
		"an empty custom section":   before(section(sectionCustom, []byte{0})),
		"empty sections": with(func(p *parts) {
			p.tables, p.globals = section(sectionTable, []byte{0}), section(sectionGlobal, []byte{0})
		}),
		"dead code of any type": withCode(opUnreachable, opI64Add, opDrop, opBr, 0, opDrop),
		"a custom section between": with(func(p *parts) {
			p.memory = join(p.memory, section(sectionCustom, text("x")), section(sectionCustom, text("x")))
		}),
		"data that nobody counted":      with(func(p *parts) { p.data = section(sectionData, []byte{1, 0, opI32Const, 0, opEnd, 1, 'x'}) }),
		"a number for an empty segment": with(func(p *parts) { p.data = section(sectionData, []byte{1, 0, opI32Const, 0x80, 0x80, 0x04, opEnd, 0}) }),
	} {
		t.Run(name, func(t *testing.T) {
			m, err := b.Load(context.Background(), binary, &abi.Manifest{Name: "guest"}, job.Limits{})
			require.NoError(t, err)
			r := m.Run(context.Background(), newJob(nil))
			require.Equal(t, job.Success.String(), r.End.String(), r.Error)
			require.NoError(t, m.Close(context.Background()))
		})
	}
}
