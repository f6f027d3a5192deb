package wasm

// Encode writes the module in its binary form.
//
// Specification: WebAssembly Core 2.0, section 5.5.
func (m *Module) Encode() []byte {
	size := 0
	for i := range m.Functions {
		size += len(m.Functions[i].Code) + 16
	}
	for _, d := range m.Data {
		size += len(d.Bytes) + 16
	}
	size += size/8 + 4096
	e := &encoder{out: make([]byte, 0, size), body: make([]byte, 0, size)}
	e.out = append(e.out, "\x00asm\x01\x00\x00\x00"...)
	e.list(sectionType, len(m.Types), func(b []byte, i int) []byte {
		b = append(b, 0x60)
		for _, types := range [][]ValueType{m.Types[i].Params, m.Types[i].Results} {
			b = appendU32(b, uint32(len(types)))
			for _, t := range types {
				b = append(b, byte(t))
			}
		}
		return b
	})
	e.list(sectionImport, len(m.Imports), func(b []byte, i int) []byte { return m.Imports[i].append(b) })
	e.list(sectionFunction, len(m.Functions), func(b []byte, i int) []byte { return appendU32(b, m.Functions[i].Type) })
	e.list(sectionTable, len(m.Tables), func(b []byte, i int) []byte { return m.Tables[i].append(b) })
	e.list(sectionMemory, len(m.Memories), func(b []byte, i int) []byte { return m.Memories[i].append(b) })
	e.list(sectionGlobal, len(m.Globals), func(b []byte, i int) []byte {
		return append(m.Globals[i].GlobalType.append(b), m.Globals[i].Init...)
	})
	e.list(sectionExport, len(m.Exports), func(b []byte, i int) []byte {
		b = append(appendName(b, m.Exports[i].Name), byte(m.Exports[i].Kind))
		return appendU32(b, m.Exports[i].Index)
	})
	if m.Start != nil {
		e.section(sectionStart, appendU32(nil, *m.Start))
	}
	e.list(sectionElement, len(m.Elements), func(b []byte, i int) []byte { return m.Elements[i].append(b) })
	if m.HasDataCount {
		e.section(sectionDataCount, appendU32(nil, uint32(len(m.Data))))
	}
	var body []byte
	e.list(sectionCode, len(m.Functions), func(b []byte, i int) []byte {
		body = m.Functions[i].append(body[:0])
		return appendBytes(b, body)
	})
	e.list(sectionData, len(m.Data), func(b []byte, i int) []byte { return m.Data[i].append(b) })
	return e.out
}

type encoder struct {
	out, body []byte
}

func (e *encoder) section(id byte, body []byte) {
	e.out = appendBytes(append(e.out, id), body)
}

// list writes a section of n elements; one without elements is left out.
func (e *encoder) list(id byte, n int, element func(b []byte, i int) []byte) {
	if n == 0 {
		return
	}
	e.body = appendU32(e.body[:0], uint32(n))
	for i := range n {
		e.body = element(e.body, i)
	}
	e.section(id, e.body)
}

func (imp *Import) append(b []byte) []byte {
	b = append(appendName(appendName(b, imp.Module), imp.Name), byte(imp.Kind))
	switch imp.Kind {
	case KindFunction:
		return appendU32(b, imp.Type)
	case KindTable:
		return imp.Table.append(b)
	case KindMemory:
		return imp.Memory.append(b)
	default:
		return imp.Global.append(b)
	}
}

func (l Limits) append(b []byte) []byte {
	if !l.HasMax {
		return appendU32(append(b, 0), l.Min)
	}
	return appendU32(appendU32(append(b, 1), l.Min), l.Max)
}

func (t Table) append(b []byte) []byte { return t.Limits.append(append(b, byte(t.Type))) }

func (t GlobalType) append(b []byte) []byte {
	if t.Mutable {
		return append(b, byte(t.Type), 1)
	}
	return append(b, byte(t.Type), 0)
}

func (f *Function) append(b []byte) []byte {
	b = appendU32(b, uint32(len(f.Locals)))
	for _, l := range f.Locals {
		b = append(appendU32(b, l.Count), byte(l.Type))
	}
	return append(b, f.Code...)
}

// append writes a segment in the one form that can say all that it holds.
func (e *Element) append(b []byte) []byte {
	flags := byte(0)
	if e.Exprs != nil || e.Type != FuncRef {
		flags |= 4
	}
	switch e.Mode {
	case Passive:
		flags |= 1
	case Declarative:
		flags |= 3
	default:
		// Without a table's number the entries are functions.
		if e.Table != 0 || e.Type != FuncRef {
			flags |= 2
		}
	}
	b = append(b, flags)
	if e.Mode == Active {
		if flags&2 != 0 {
			b = appendU32(b, e.Table)
		}
		b = append(b, e.Offset...)
	}
	if flags&3 != 0 {
		if flags&4 != 0 {
			b = append(b, byte(e.Type))
		} else {
			b = append(b, 0)
		}
	}
	if flags&4 != 0 {
		b = appendU32(b, uint32(len(e.Exprs)))
		for _, x := range e.Exprs {
			b = append(b, x...)
		}
		return b
	}
	b = appendU32(b, uint32(len(e.Functions)))
	for _, f := range e.Functions {
		b = appendU32(b, f)
	}
	return b
}

func (d *Data) append(b []byte) []byte {
	if d.Mode == Passive {
		return appendBytes(append(b, 1), d.Bytes)
	}
	return appendBytes(append(append(b, 0), d.Offset...), d.Bytes)
}
