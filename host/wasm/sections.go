package wasm

import "fmt"

// section is where one section of a module lies: its header from at, its
// content from start to end.
type section struct {
	id             byte
	at, start, end int
}

// sections reads the headers of all sections and reports the first that does
// not fit into the file.
//
// Specification: WebAssembly Core 2.0, section 5.5.2.
func sections(module []byte) ([]section, error) {
	if err := CheckHeader(module); err != nil {
		return nil, err
	}
	var out []section
	c := cursor{b: module, at: headerSize, end: len(module)}
	for c.more() {
		s := section{at: c.at}
		s.id = c.byte()
		size := c.u32()
		s.start = c.at
		if left := c.end - c.at; c.err == nil && uint64(size) > uint64(left) {
			c.fail(s.at, "section %s says that it has %d bytes, and the file has %d more: the file is cut off", sectionName(s.id), size, left)
		}
		c.bytes(size)
		s.end = c.at
		if c.err != nil {
			return nil, c.err
		}
		out = append(out, s)
	}
	return out, nil
}

// CustomSection returns the content of the first custom section of that name,
// and false where the module has none.
//
// Specification: WebAssembly Core 2.0, section 5.5.3.
func CustomSection(module []byte, name string) ([]byte, bool, error) {
	all, err := sections(module)
	if err != nil {
		return nil, false, err
	}
	for _, s := range all {
		if s.id != sectionCustom {
			continue
		}
		c := cursor{b: module, at: s.start, end: s.end}
		found := c.name()
		if c.err != nil {
			return nil, false, c.err
		}
		if found == name {
			return module[c.at:s.end:s.end], true, nil
		}
	}
	return nil, false, nil
}

// checkCustom reports a custom section without a readable name.
func checkCustom(module []byte, s section) error {
	c := cursor{b: module, at: s.start, end: s.end}
	if c.name(); c.err != nil {
		return c.err
	}
	return nil
}

// sectionName is a section's number and what it holds, for a message.
func sectionName(id byte) string {
	names := [...]string{"custom", "types", "imports", "functions", "tables", "memories", "globals", "exports",
		"start", "elements", "code", "data", "data count"}
	if int(id) < len(names) {
		return fmt.Sprintf("%d (%s)", id, names[id])
	}
	return fmt.Sprint(id)
}
