package wasm

import "fmt"

// Section numbers, as far as they are used here.
const (
	sectionCustom = 0
	sectionTable  = 4
)

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
	for at := headerSize; at < len(module); {
		size, n, err := uleb32(module, at+1)
		if err != nil {
			return nil, err
		}
		s := section{id: module[at], at: at, start: at + 1 + n}
		if left := len(module) - s.start; uint64(size) > uint64(left) {
			return nil, &Error{at, fmt.Sprintf("section %d says that it has %d bytes, and the file has %d more: the file is cut off", s.id, size, left)}
		}
		s.end = s.start + int(size)
		out = append(out, s)
		at = s.end
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
		length, n, err := uleb32(module[:s.end], s.start)
		if err != nil {
			return nil, false, err
		}
		if uint64(length) > uint64(s.end-s.start-n) {
			return nil, false, &Error{s.start, "a custom section's name is longer than the section"}
		}
		body := s.start + n + int(length)
		if string(module[s.start+n:body]) == name {
			return module[body:s.end:s.end], true, nil
		}
	}
	return nil, false, nil
}

// uleb32 reads an unsigned LEB128 number of at most 32 bits and returns it
// with its length in bytes.
func uleb32(b []byte, at int) (v uint32, n int, err error) {
	for shift := 0; shift < 35; shift += 7 {
		if at+n >= len(b) {
			return 0, 0, &Error{len(b), "the file ends within a number"}
		}
		c := b[at+n]
		n++
		if shift == 28 && c > 0x0f {
			break
		}
		v |= uint32(c&0x7f) << shift
		if c < 0x80 {
			return v, n, nil
		}
	}
	return 0, 0, &Error{at, "a number is larger than 32 bits"}
}
