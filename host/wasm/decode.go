package wasm

import "fmt"

// Section numbers.
//
// Specification: WebAssembly Core 2.0, section 5.5.2.
const (
	sectionCustom byte = iota
	sectionType
	sectionImport
	sectionFunction
	sectionTable
	sectionMemory
	sectionGlobal
	sectionExport
	sectionStart
	sectionElement
	sectionCode
	sectionData
	sectionDataCount
)

// sectionOrder is the order in which sections stand.
var sectionOrder = [...]byte{
	sectionType, sectionImport, sectionFunction, sectionTable, sectionMemory, sectionGlobal, sectionExport,
	sectionStart, sectionElement, sectionDataCount, sectionCode, sectionData,
}

// Decode reads a module: every section and every instruction, so that what it
// returns was understood as a whole. What it does not know it refuses, with an
// *Error that says where it stands. Types of operands are not checked; a
// runtime does that when it compiles. Custom sections are read over and
// dropped, since they speak of a module that no longer is once it is
// rewritten; see CustomSection. A module that uses a name which rewriting adds
// is refused too.
//
// The module refers to binary, which must not change.
//
// Specification: WebAssembly Core 2.0, section 5, and extended constant
// expressions.
func Decode(binary []byte) (*Module, error) {
	all, err := sections(binary)
	if err != nil {
		return nil, err
	}
	d := &decoder{file: binary, m: &Module{}}
	next := 0
	for _, s := range all {
		if s.id == sectionCustom {
			if err := checkCustom(binary, s); err != nil {
				return nil, err
			}
			continue
		}
		for next < len(sectionOrder) && sectionOrder[next] != s.id {
			next++
		}
		if next == len(sectionOrder) {
			if s.id > sectionDataCount {
				return nil, &Error{s.at, "section " + sectionName(s.id) + " is not known to henge"}
			}
			return nil, &Error{s.at, "section " + sectionName(s.id) + " stands twice, or behind one that it should precede"}
		}
		next++
		c := cursor{b: binary, at: s.start, end: s.end}
		d.section(&c, s.id)
		c.done("section " + sectionName(s.id))
		if c.err != nil {
			return nil, c.err
		}
	}
	if err := d.finish(); err != nil {
		return nil, err
	}
	return d.m, nil
}

// decoder is a module while it is read.
type decoder struct {
	file []byte
	m    *Module

	// at is where each section begins.
	at [sectionDataCount + 1]int

	bodies    int
	dataCount int
}

func (d *decoder) section(c *cursor, id byte) {
	d.at[id] = c.at
	switch id {
	case sectionType:
		d.types(c)
	case sectionImport:
		d.imports(c)
	case sectionFunction:
		d.functions(c)
	case sectionTable:
		for range c.count("tables") {
			d.m.Tables = append(d.m.Tables, c.table())
		}
	case sectionMemory:
		for range c.count("memories") {
			at := c.at
			d.m.Memories = append(d.m.Memories, c.memoryLimits())
			d.oneMemory(c, at)
		}
	case sectionGlobal:
		d.globals(c)
	case sectionExport:
		d.exports(c)
	case sectionStart:
		f := c.index("function", d.m.functionCount())
		d.m.Start = &f
	case sectionElement:
		d.elements(c)
	case sectionDataCount:
		d.m.HasDataCount = true
		d.dataCount = int(c.u32())
	case sectionCode:
		d.code(c)
	case sectionData:
		d.data(c)
	}
}

func (d *decoder) types(c *cursor) {
	for range c.count("types") {
		at := c.at
		if form := c.byte(); form != 0x60 && c.err == nil {
			c.fail(at, "a type of kind 0x%02x is not known; henge knows functions (0x60)", form)
		}
		var t FuncType
		for _, list := range []*[]ValueType{&t.Params, &t.Results} {
			for range c.count("types") {
				*list = append(*list, c.valueType())
			}
		}
		d.m.Types = append(d.m.Types, t)
	}
}

func (d *decoder) imports(c *cursor) {
	for range c.count("imports") {
		imp := Import{At: c.at}
		imp.Module, imp.Name = c.name(), c.name()
		at := c.at
		imp.Kind = Kind(c.byte())
		switch imp.Kind {
		case KindFunction:
			imp.Type = c.index("type", len(d.m.Types))
		case KindTable:
			imp.Table = c.table()
		case KindMemory:
			imp.Memory = c.memoryLimits()
		case KindGlobal:
			imp.Global = c.globalType()
		default:
			c.fail(at, "an import of kind %d is not known", imp.Kind)
			return
		}
		d.m.addImport(imp)
		d.oneMemory(c, at)
	}
}

func (d *decoder) oneMemory(c *cursor, at int) {
	if d.m.memoryCount() > 1 {
		c.fail(at, "this is a second memory; henge runs modules with one")
	}
}

// maxFunctions is how many functions a module may have, as in browsers: each
// takes more memory than its byte in the file.
const maxFunctions = 1_000_000

func (d *decoder) functions(c *cursor) {
	at := c.at
	n := c.count("functions")
	if n > maxFunctions {
		c.fail(at, "%d functions are declared, and at most %d are read", n, maxFunctions)
		return
	}
	d.m.Functions = make([]Function, n)
	for i := range n {
		d.m.Functions[i].Type = c.index("type", len(d.m.Types))
	}
}

func (d *decoder) globals(c *cursor) {
	for range c.count("globals") {
		g := Global{GlobalType: c.globalType()}
		g.Init = d.expr(c)
		d.m.Globals = append(d.m.Globals, g)
	}
}

func (d *decoder) exports(c *cursor) {
	seen := map[string]bool{}
	for range c.count("exports") {
		start := c.at
		e := Export{Name: c.name(), at: start}
		if seen[e.Name] {
			c.fail(start, "the export %.80q stands twice", e.Name)
		}
		seen[e.Name] = true
		at := c.at
		e.Kind = Kind(c.byte())
		switch e.Kind {
		case KindFunction:
			e.Index = c.index("function", d.m.functionCount())
		case KindTable:
			e.Index = c.index("table", d.m.tableCount())
		case KindMemory:
			e.Index = c.index("memory", d.m.memoryCount())
		case KindGlobal:
			e.Index = c.index("global", d.m.globalCount())
		default:
			c.fail(at, "an export of kind %d is not known", e.Kind)
			return
		}
		d.m.Exports = append(d.m.Exports, e)
	}
}

// finish looks at what only the whole module shows.
func (d *decoder) finish() error {
	m := d.m
	if n := len(m.Functions); n != d.bodies {
		return &Error{max(d.at[sectionFunction], d.at[sectionCode]), fmt.Sprintf("%d functions are declared, and there is code for %d", n, d.bodies)}
	}
	if m.HasDataCount && d.dataCount != len(m.Data) {
		return &Error{d.at[sectionDataCount], fmt.Sprintf("%d data segments are announced, and there are %d", d.dataCount, len(m.Data))}
	}
	if m.Start != nil {
		if t := m.FunctionType(*m.Start); len(t.Params)+len(t.Results) > 0 {
			return &Error{d.at[sectionStart], "the start function takes or gives values, and it may not"}
		}
	}
	return m.checkReserved()
}

func (c *cursor) globalType() GlobalType {
	t := c.valueType()
	at := c.at
	mutable := c.byte()
	if mutable > 1 {
		c.fail(at, "a global is constant (0) or mutable (1), and this says 0x%02x", mutable)
	}
	return GlobalType{t, mutable == 1}
}

func (c *cursor) table() Table {
	return Table{c.refType(), c.limits(1<<32-1, "entries")}
}

// maxPages is what 32-bit addresses reach, in pages of 64 KiB.
const maxPages = 1 << 16

func (c *cursor) memoryLimits() Limits {
	return c.limits(maxPages, "pages")
}

// limits reads the bounds of a table or a memory.
func (c *cursor) limits(most uint32, unit string) (l Limits) {
	at := c.at
	switch flags := c.byte(); flags {
	case 0:
	case 1:
		l.HasMax = true
	case 2, 3:
		c.fail(at, "a shared memory belongs to threads, which henge does not run")
	case 4, 5, 6, 7:
		c.fail(at, "64-bit addresses are not known to henge; build for wasm32")
	default:
		c.fail(at, "limits of kind 0x%02x are not known", flags)
	}
	l.Min = c.u32()
	if l.HasMax {
		l.Max = c.u32()
	}
	if l.Min > most || l.HasMax && l.Max > most {
		c.fail(at, "more than %d %s are not possible", most, unit)
	}
	if l.HasMax && l.Max < l.Min {
		c.fail(at, "a minimum of %d %s is above the maximum of %d", l.Min, unit, l.Max)
	}
	return l
}
