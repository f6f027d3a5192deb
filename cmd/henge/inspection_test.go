package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/sandbox"
)

func TestInspectionText(t *testing.T) {
	info := &sandbox.Info{
		Reason: "a reason",
		Tables: []sandbox.Bounds{{Min: 1}, {Min: 2, Max: 2}, {Min: 3, Max: 4000}},
		Imports: []sandbox.Import{
			{Module: "a", Name: "x", Signature: "()", Offered: true},
			{Module: "a", Name: "x", Signature: "()", Offered: true},
			{Module: "a", Name: "y", Signature: "()"},
			{Module: "b", Name: "z", Signature: "()", Offered: true},
		},
	}
	var out bytes.Buffer
	require.NoError(t, printTable(&out, inspection(&abi.Manifest{Name: "m"}, 2048, info, nil)))
	for _, line := range []string{
		"size             2.0 KiB\n",
		"memory           -\n",
		"tables           1 and more, 2, 3 to 4,000\n",
		"imports          a: x y, b: z\n",
		"not offered      a.y ()\n",
		"refused because  a reason\n",
	} {
		require.Contains(t, out.String(), line)
	}
	require.NotContains(t, out.String(), "fuel", "what was not tried has no cost")
}
