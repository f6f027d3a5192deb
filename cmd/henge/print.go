package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf8"
)

// table is data to print: as a table, as JSON or as JSON lines.
type table struct {
	columns []string
	rows    [][]any

	// labels are what people see in place of the columns; nil for the same.
	labels []string

	// upright shows each row as a list of its fields, for rows that are few
	// and wide.
	upright bool

	// bare leaves out the header, for what other commands read.
	bare bool
}

// print writes data to standard output in the format that was asked for.
func (g *globals) print(s streams, t table) error {
	switch g.Output {
	case "json":
		return printJSON(s.out, t)
	case "jsonl":
		return printLines(s.out, t)
	default:
		return printTable(s.out, t)
	}
}

// row is one row as a JSON object that keeps the order of the columns.
type row struct {
	columns []string
	values  []any
}

func (r row) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, name := range r.columns {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(r.values[i]); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// printJSON writes an upright row as an object, other rows as an array.
func printJSON(w io.Writer, t table) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	rows := make([]row, len(t.rows))
	for i, values := range t.rows {
		rows[i] = row{t.columns, values}
	}
	if t.upright && len(rows) == 1 {
		return e.Encode(rows[0])
	}
	return e.Encode(rows)
}

func printLines(w io.Writer, t table) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, values := range t.rows {
		if err := e.Encode(row{t.columns, values}); err != nil {
			return err
		}
	}
	return nil
}

func printTable(w io.Writer, t table) error {
	var b strings.Builder
	tw := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	labels := t.labels
	if labels == nil {
		labels = t.columns
	}
	switch {
	case t.upright:
		for _, values := range t.rows {
			for i, v := range values {
				fmt.Fprintf(tw, "%s\t%s\n", labels[i], cell(v))
			}
		}
	default:
		if !t.bare {
			fmt.Fprintln(tw, strings.ToUpper(strings.Join(labels, "\t")))
		}
		for _, values := range t.rows {
			cells := make([]string, len(values))
			for i, v := range values {
				cells[i] = cell(v)
			}
			fmt.Fprintln(tw, strings.Join(cells, "\t"))
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	// Cells that are empty keep their columns, and leave no spaces at the end.
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// cell is a value in one line.
func cell(v any) string {
	if list, ok := v.([]string); ok {
		return printable(strings.Join(list, " "))
	}
	return printable(fmt.Sprint(v))
}

// printable makes text from a stranger fit for a terminal: what could move
// the cursor, ring or recolour is shown as an escape.
func printable(s string) string {
	clean := func(r rune) bool { return unicode.IsPrint(r) }
	if utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !clean(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case clean(r):
			b.WriteRune(r)
		default:
			quoted := fmt.Sprintf("%q", r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// printOutput writes a job's result as it is, with a line end on a terminal.
func printOutput(s streams, output []byte) error {
	if isTerminal(s.out) && !bytes.HasSuffix(output, []byte("\n")) {
		output = append(output, '\n')
	}
	_, err := s.out.Write(output)
	return err
}
