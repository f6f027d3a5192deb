package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/sandbox"
)

// inspection shows what a module's file says and what was seen of it. A module
// that is refused was not tried, and has no costs.
func inspection(manifest *abi.Manifest, size int, info *sandbox.Info, granted grants) table {
	t := table{upright: true, rows: [][]any{nil}}
	add := func(column, label string, value any) {
		t.columns, t.labels = append(t.columns, column), append(t.labels, label)
		t.rows[0] = append(t.rows[0], value)
	}
	add("name", "name", manifest.Name)
	add("version", "version", manifest.Version)
	add("kind", "kind", manifest.Kind)
	add("types", "types", orNone(manifest.Types))
	add("arguments", "arguments", schema(manifest.Arguments))
	add("size", "size", byteSize(size))
	add("memory", "memory", memoryBounds{byteSize(info.Memory.Min), byteSize(info.Memory.Max)})
	add("tables", "tables", tablesOf(info.Tables))
	add("exports", "exports", exportsOf(info.Exports))
	all, missing := importsOf(info.Imports)
	add("imports", "imports", all)
	add("not_offered", "not offered", missing)
	add("capabilities", "capabilities", granted)
	add("reason", "refused because", info.Reason)
	if info.Reason != "" {
		return t
	}
	reset := "put back after each job"
	if info.NotReset != "" {
		reset = "new for each job, since " + info.NotReset
	}
	add("reset", "instances", resetState{info.NotReset == "", info.NotReset, reset})
	add("warnings", "warnings", orNone(info.Warnings))
	add("init_fuel", "fuel to initialise", count(info.InitFuel))
	add("empty_fuel", "fuel of an empty job", count(info.EmptyFuel))
	add("empty_end", "an empty job ends", info.EmptyEnd.String())
	add("snapshot_size", "memory at start", byteSize(info.SnapshotSize))
	add("instance_memory", "memory of an instance", byteSize(info.InstanceMemory))
	add("instance_heap", "heap of an instance", byteSize(info.InstanceHeap))
	return t
}

// schema is what a module's payloads have to fit.
type schema json.RawMessage

// MarshalJSON implements json.Marshaler.
func (s schema) MarshalJSON() ([]byte, error) {
	if len(s) == 0 {
		return []byte("null"), nil
	}
	return json.RawMessage(s), nil
}

// String returns the schema in one line.
func (s schema) String() string {
	var line bytes.Buffer
	if len(s) == 0 || json.Compact(&line, s) != nil {
		return "-"
	}
	return line.String()
}

// memoryBounds are the bounds of a memory; a maximum of 0 stands for none.
type memoryBounds struct {
	Min byteSize `json:"min"`
	Max byteSize `json:"max"`
}

func (b memoryBounds) String() string {
	switch {
	case b.Min == 0 && b.Max == 0:
		return "-"
	case b.Max == 0:
		return fmt.Sprintf("%s and more", b.Min)
	}
	return fmt.Sprintf("%s to %s", b.Min, b.Max)
}

// tableBounds are the bounds of all tables, in entries.
type tableBounds []struct {
	Min int64 `json:"min"`
	Max int64 `json:"max"`
}

func tablesOf(bounds []sandbox.Bounds) tableBounds {
	tables := make(tableBounds, len(bounds))
	for i, b := range bounds {
		tables[i].Min, tables[i].Max = b.Min, b.Max
	}
	return tables
}

func (b tableBounds) String() string {
	var texts []string
	for _, t := range b {
		text := count(t.Min).String()
		switch {
		case t.Max == 0:
			text += " and more"
		case t.Max > t.Min:
			text += " to " + count(t.Max).String()
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// function is one that a module exports or imports.
type function struct {
	Module    string `json:"module,omitempty"`
	Name      string `json:"name"`
	Signature string `json:"signature"`
}

type exports []function

func exportsOf(list []sandbox.Export) exports {
	out := exports{}
	for _, e := range list {
		out = append(out, function{Name: e.Name, Signature: e.Signature})
	}
	return out
}

func (e exports) String() string {
	var texts []string
	for _, f := range e {
		texts = append(texts, f.Name+" "+f.Signature)
	}
	return strings.Join(texts, ", ")
}

// imports are shown by the capability that they belong to.
type imports []function

// missing are imports that are not there in this form, so they are shown with
// their type.
type missing []function

// importsOf returns all imports, and those that the sandbox does not offer.
func importsOf(list []sandbox.Import) (imports, missing) {
	all, rest := imports{}, missing{}
	for _, i := range list {
		f := function{i.Module, i.Name, i.Signature}
		all = append(all, f)
		if !i.Offered {
			rest = append(rest, f)
		}
	}
	return all, rest
}

func (i imports) String() string {
	var b strings.Builder
	for at, f := range i {
		switch {
		case at > 0 && i[at-1] == f:
			continue // some compilers import a function twice
		case at > 0 && i[at-1].Module == f.Module:
			b.WriteString(" ")
		case at > 0:
			b.WriteString(", ")
			fallthrough
		default:
			b.WriteString(f.Module + ": ")
		}
		b.WriteString(f.Name)
	}
	return b.String()
}

func (m missing) String() string {
	var texts []string
	for _, f := range m {
		texts = append(texts, f.Module+"."+f.Name+" "+f.Signature)
	}
	return strings.Join(texts, ", ")
}

// resetState says whether a module's instances are put back, and if not, why.
type resetState struct {
	reset  bool
	reason string
	text   string
}

// MarshalJSON implements json.Marshaler.
func (r resetState) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Reset  bool   `json:"reset"`
		Reason string `json:"reason,omitempty"`
	}{r.reset, r.reason})
}

func (r resetState) String() string { return r.text }

// orNone keeps an empty list from being printed as null.
func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
