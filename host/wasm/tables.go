package wasm

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// BoundTables returns the module with no room for more than limit entries in
// all its tables together: each table is given a maximum, or a lower one, so
// that table.grow answers -1 there. A runtime counts tables in no memory
// limit, and one without a maximum may grow to 32 GiB. The module itself is
// not changed, and is returned where nothing has to be.
//
// Specification: WebAssembly Core 2.0, sections 5.3.9 and 5.5.7.
func BoundTables(module []byte, limit uint32) ([]byte, error) {
	all, err := sections(module)
	if err != nil {
		return nil, err
	}
	isTable := func(s section) bool { return s.id == sectionTable }
	at := slices.IndexFunc(all, isTable)
	if at < 0 {
		return module, nil
	}
	if slices.ContainsFunc(all[at+1:], isTable) {
		return nil, &Error{all[at].at, "it has more than one table section"}
	}
	tables, err := readTables(module, all[at])
	if err != nil {
		return nil, err
	}
	room := int64(limit)
	for _, t := range tables {
		room -= int64(t.min)
	}
	if room < 0 {
		return nil, &Error{all[at].at, fmt.Sprintf("its tables start with %d entries, and at most %d are allowed", int64(limit)-room, limit)}
	}
	if len(tables) > 0 {
		room /= int64(len(tables))
	}
	body := binary.AppendUvarint(nil, uint64(len(tables)))
	for _, t := range tables {
		// The second byte says that there is a maximum.
		body = append(body, t.kind, 1)
		body = binary.AppendUvarint(body, uint64(t.min))
		body = binary.AppendUvarint(body, uint64(min(int64(t.max), int64(t.min)+room)))
	}
	out := append([]byte(nil), module[:all[at].at]...)
	out = append(out, sectionTable)
	out = binary.AppendUvarint(out, uint64(len(body)))
	out = append(out, body...)
	return append(out, module[all[at].end:]...), nil
}

type table struct {
	kind     byte
	min, max uint32
}

func readTables(module []byte, s section) ([]table, error) {
	b := module[:s.end]
	count, n, err := uleb32(b, s.start)
	if err != nil {
		return nil, err
	}
	at := s.start + n
	var out []table
	for range count {
		if at+2 > len(b) {
			return nil, &Error{at, "the table section ends within a table"}
		}
		t := table{kind: b[at], max: 1<<32 - 1}
		const funcref, externref = 0x70, 0x6f
		if t.kind != funcref && t.kind != externref {
			return nil, &Error{at, fmt.Sprintf("a table of kind 0x%02x is not known", t.kind)}
		}
		hasMax := b[at+1]
		if hasMax > 1 {
			return nil, &Error{at + 1, fmt.Sprintf("a table with limits of kind 0x%02x is not known", hasMax)}
		}
		at += 2
		for _, to := range []*uint32{&t.min, &t.max}[:1+hasMax] {
			if *to, n, err = uleb32(b, at); err != nil {
				return nil, err
			}
			at += n
		}
		out = append(out, t)
	}
	if at != s.end {
		return nil, &Error{at, "something follows the last table in its section"}
	}
	return out, nil
}
