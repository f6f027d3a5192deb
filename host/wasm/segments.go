package wasm

import "fmt"

// elements reads the element segments.
//
// Specification: WebAssembly Core 2.0, section 5.5.12.
func (d *decoder) elements(c *cursor) {
	const (
		notActive = 1 << iota
		explicit
		exprs
	)
	for range c.count("element segments") {
		at := c.at
		flags := c.u32()
		if flags > 7 {
			c.fail(at, "an element segment of kind %d is not known", flags)
		}
		e := Element{Type: FuncRef, At: at}
		switch {
		case flags&notActive == 0:
			if flags&explicit != 0 {
				e.Table = c.u32()
			}
			if int(e.Table) >= d.m.tableCount() {
				c.fail(at, "table %d is named here, and there are %d", e.Table, d.m.tableCount())
			}
			e.Offset = d.expr(c)
		case flags&explicit != 0:
			e.Mode = Declarative
		default:
			e.Mode = Passive
		}
		if flags&(notActive|explicit) != 0 {
			at := c.at
			if flags&exprs != 0 {
				e.Type = c.refType()
			} else if kind := c.byte(); kind != 0 {
				c.fail(at, "elements of kind 0x%02x are not known; henge knows functions (0)", kind)
			}
		}
		for range c.count("elements") {
			if flags&exprs != 0 {
				e.Exprs = append(e.Exprs, d.expr(c))
			} else {
				e.Functions = append(e.Functions, c.index("function", d.m.functionCount()))
			}
		}
		d.m.Elements = append(d.m.Elements, e)
	}
}

// data reads the data segments.
//
// Specification: WebAssembly Core 2.0, section 5.5.14.
func (d *decoder) data(c *cursor) {
	for range c.count("data segments") {
		s := Data{at: c.at}
		switch flags := c.u32(); flags {
		case 1:
			s.Mode = Passive
		case 0, 2:
			if flags == 2 {
				if memory := c.u32(); memory != 0 {
					c.fail(s.at, "memory %d is named here; henge runs modules with one memory", memory)
				}
			}
			if d.m.memoryCount() == 0 {
				c.fail(s.at, "there is no memory for this data segment")
			}
			s.Offset = d.expr(c)
		default:
			c.fail(s.at, "a data segment of kind %d is not known", flags)
		}
		s.Bytes = c.bytes(c.u32())
		d.m.Data = append(d.m.Data, s)
	}
}

// CheckElements reports an active element segment that does not fit into the
// module's own table, which instantiation would trap at. The runtime waits for
// the first use.
//
// Specification: WebAssembly Core 2.0, section 4.5.4.
func (m *Module) CheckElements() error {
	globals := m.constantI32()
	for _, e := range m.Elements {
		own := int(e.Table) - len(m.imported[KindTable])
		offset, ok := e.Offset.i32(globals)
		if e.Mode != Active || own < 0 || !ok {
			continue
		}
		if n := uint64(len(e.Functions) + len(e.Exprs)); uint64(uint32(offset))+n > uint64(m.Tables[own].Min) {
			return &Error{e.At, fmt.Sprintf("this segment has %d elements for entry %d of a table of %d", n, uint32(offset), m.Tables[own].Min)}
		}
	}
	return nil
}
