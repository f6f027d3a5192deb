package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"":               "",
		"plain, größe 日": "plain, größe 日",
		"a\x1b[31mb":     `a\x1b[31mb`,
		"bell\a\r\n\t":   `bell\a\r\n\t`,
		"\xff\xfe":       `\xff\xfe`,
		"\u202eevil":     `\u202eevil`,
		"a\x00b":         `a\x00b`,
	} {
		require.Equal(t, want, printable(in))
	}
}

func TestLogOnATerminalHasNoStrangersEscapes(t *testing.T) {
	var out bytes.Buffer
	g := globals{LogFormat: "text", LogLevel: "info"}
	log := g.logger(streams{err: &out})
	log.Info("job ended", "error", "x\x1b[31m", "err", errors.New("y\x1b[2J"), "list", []string{"z\x07"})
	require.NotContains(t, out.String(), "\x1b")
	require.NotContains(t, out.String(), "\x07")
	require.Contains(t, out.String(), `x\x1b[31m`)
}

func TestTable(t *testing.T) {
	rows := table{columns: []string{"name", "types"}, rows: [][]any{{"a", []string{"x", "y"}}, {"<b>", []string{}}}}
	for format, want := range map[string]string{
		"table": "NAME  TYPES\na     x y\n<b>\n",
		"jsonl": `{"name":"a","types":["x","y"]}` + "\n" + `{"name":"<b>","types":[]}` + "\n",
	} {
		t.Run(format, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, (&globals{Output: format}).print(streams{out: &out}, rows))
			require.Equal(t, want, out.String())
		})
	}
	var out bytes.Buffer
	require.NoError(t, (&globals{Output: "json"}).print(streams{out: &out}, table{columns: []string{"b", "a"}, rows: [][]any{{1, 2}}, upright: true}))
	require.JSONEq(t, `{"b":1,"a":2}`, out.String())
	require.Less(t, bytes.Index(out.Bytes(), []byte(`"b"`)), bytes.Index(out.Bytes(), []byte(`"a"`)), "columns keep their order")
}
