package abi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
)

func TestParseManifest(t *testing.T) {
	m, err := abi.ParseManifest([]byte(`{
		"name": "rhai", "version": "1.2", "kind": "engine", "types": ["rhai", "sal-2"],
		"capabilities": ["henge_job_v1"], "memory_max": 65536,
		"arguments": {"type": "object"}, "fresh": "instance"
	}`))
	require.NoError(t, err)
	require.Equal(t, &abi.Manifest{
		Name: "rhai", Version: "1.2", Kind: abi.Engine, Types: []string{"rhai", "sal-2"},
		Capabilities: []string{abi.JobV1}, MemoryMax: 65536,
		Arguments: []byte(`{"type": "object"}`), Fresh: abi.FreshInstance,
	}, m)

	m, err = abi.ParseManifest([]byte(`{"name":"a"}`))
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, m.Types, "a module without types serves its name")
}

func TestParseManifestRefuses(t *testing.T) {
	for name, c := range map[string]struct{ manifest, want string }{
		"empty":               {``, "manifest: EOF"},
		"no JSON":             {`name: rhai`, "invalid character"},
		"no object":           {`[]`, "cannot unmarshal array"},
		"unknown field":       {`{"name":"a","memory":1}`, `unknown field "memory"`},
		"trailing object":     {`{"name":"a"} {}`, "something follows"},
		"trailing brace":      {`{"name":"a"}}`, "something follows"},
		"no name":             {`{}`, `name ""`},
		"name in upper case":  {`{"name":"Rhai"}`, `name "Rhai"`},
		"name is a path":      {`{"name":"../a"}`, `name "../a"`},
		"name too long":       {`{"name":"` + strings.Repeat("a", 65) + `"}`, "1 to 64"},
		"kind":                {`{"name":"a","kind":"tool"}`, `kind "tool" is neither`},
		"type":                {`{"name":"a","types":["b","C"]}`, `type "C"`},
		"empty type":          {`{"name":"a","types":[""]}`, `type ""`},
		"memory negative":     {`{"name":"a","memory_max":-1}`, "memory_max -1"},
		"memory beyond 4 GiB": {`{"name":"a","memory_max":4294967297}`, "memory_max 4294967297"},
		"memory no integer":   {`{"name":"a","memory_max":1.5}`, "memory_max"},
		"fresh":               {`{"name":"a","fresh":"always"}`, `fresh "always"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := abi.ParseManifest([]byte(c.manifest))
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "manifest: ")
			require.Less(t, len(err.Error()), 400)
		})
	}
}

func TestMatchImports(t *testing.T) {
	for name, c := range map[string]struct {
		named, imported []string
		want            string
	}{
		"not said":            {nil, []string{abi.JobV1}, ""},
		"equal":               {[]string{abi.LogV1, abi.JobV1}, []string{abi.JobV1, abi.LogV1}, ""},
		"WASI need not":       {[]string{abi.JobV1}, []string{abi.JobV1, abi.WASI}, ""},
		"WASI may":            {[]string{abi.JobV1, abi.WASI}, []string{abi.JobV1}, ""},
		"none at all":         {[]string{}, []string{abi.WASI}, ""},
		"said that none":      {[]string{}, []string{abi.JobV1}, `"henge_job_v1" is imported but not named`},
		"named, not imported": {[]string{abi.JobV1, abi.SQLV1}, []string{abi.JobV1}, `"henge_sql_v1" is named but not imported`},
		"imported, not named": {[]string{abi.JobV1}, []string{abi.JobV1, abi.SQLV1}, `"henge_sql_v1" is imported but not named`},
	} {
		t.Run(name, func(t *testing.T) {
			m := abi.Manifest{Capabilities: c.named}
			err := m.MatchImports(c.imported)
			if c.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.want)
			}
		})
	}
}

func TestValidType(t *testing.T) {
	for _, s := range []string{"a", "0", "rhai", "a.b_c-d", "1.2", strings.Repeat("x", 64)} {
		require.True(t, abi.ValidType(s), s)
	}
	for _, s := range []string{"", "A", ".a", "-a", "_a", "a/b", "a\\b", "a b", "a\x00", "a\n", "é", "а", "a:b", "{a}", "..", strings.Repeat("x", 65)} {
		require.False(t, abi.ValidType(s), s)
	}
}

func TestCodes(t *testing.T) {
	require.Equal(t, "ok", abi.Code(0).String())
	require.Equal(t, "internal", abi.Code(1).String(), "no code of the contract")
	require.Equal(t, "internal", abi.Code(-13).String())
	require.Equal(t, "internal", abi.Code(-1<<31).String())
	err := error(&abi.Error{Code: abi.NotFound, Message: "no key"})
	require.EqualError(t, err, "not_found: no key")
}
