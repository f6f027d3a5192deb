package job_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/captest"
	"github.com/henge-run/henge/host/capability/job"
)

func TestInputAndOutput(t *testing.T) {
	s := captest.NewSession()
	b, err := captest.Call(t, job.New(), "input", s, nil)
	require.NoError(t, err)
	require.Equal(t, "payload", string(b))
	for _, piece := range []string{"a", "", "bc"} {
		b, err = captest.Call(t, job.New(), "output", s, []byte(piece))
		require.NoError(t, err)
		require.Empty(t, b)
	}
	require.Equal(t, "abc", string(s.Output))
}

func TestMeta(t *testing.T) {
	s := captest.NewSession()
	s.Job.Env = map[string]string{"B": "2", "A": "1"}
	want := abi.Meta{
		ID: "j1", Circle: "acme", Caller: "alice", Type: "rhai", Dialect: "local", Attempt: 2,
		DeadlineMS: captest.Start.UnixMilli() + 60_000,
		Env:        map[string]string{"A": "1", "B": "2"},
		Limits: abi.MetaLimits{
			Memory: 64 << 20, Input: 16 << 20, Output: 16 << 20, Log: 256 << 10,
			Fuel: 1_000_000_000_000, Depth: 50_000, HostCalls: 1_000_000, WallMS: 3_600_000,
		},
	}
	for name, request := range map[string]string{"nothing": "", "empty map": "\xa0", "json": "{}"} {
		t.Run(name, func(t *testing.T) {
			b, err := captest.Call(t, job.New(), "meta", s, []byte(request))
			require.NoError(t, err)
			var got abi.Meta
			if request == "{}" {
				require.NoError(t, json.Unmarshal(b, &got))
			} else {
				require.NoError(t, cbor.Unmarshal(b, &got))
			}
			require.Equal(t, want, got)
		})
	}
}

func TestMetaNeedsNoEnvironment(t *testing.T) {
	b, err := captest.Call(t, job.New(), "meta", captest.NewSession(), []byte("{}"))
	require.NoError(t, err)
	require.Contains(t, string(b), `"env":{}`, "a map, and never null")
}

func TestMetaIsText(t *testing.T) {
	s := captest.NewSession()
	s.Job.ID, s.Job.Caller, s.Job.Env = "\xff1", "\xfe", map[string]string{"A\xff": "\xff"}
	for _, request := range []string{"", "{}"} {
		b, err := captest.Call(t, job.New(), "meta", s, []byte(request))
		require.NoError(t, err)
		var got abi.Meta
		if request == "" {
			require.NoError(t, cbor.Unmarshal(b, &got))
		} else {
			require.NoError(t, json.Unmarshal(b, &got))
		}
		require.Equal(t, "\uFFFD1", got.ID)
		require.Equal(t, "\uFFFD", got.Caller)
		require.Equal(t, map[string]string{"A\uFFFD": "\uFFFD"}, got.Env)
	}
}

func TestMetaTakesNoArguments(t *testing.T) {
	for _, request := range []string{`{"circle":"other"}`, "[]", "\x80", "x", "{"} {
		_, err := captest.Call(t, job.New(), "meta", captest.NewSession(), []byte(request))
		captest.RequireCode(t, abi.InvalidArgument, err)
	}
}

func TestFail(t *testing.T) {
	s := captest.NewSession()
	b, err := captest.Call(t, job.New(), "fail", s, []byte(`{"message":"no","code":"c","data":[1],"retry":false}`))
	require.NoError(t, err)
	require.Empty(t, b)
	no := false
	require.Equal(t, &abi.Fail{Message: "no", Code: "c", Data: abi.Value{V: []any{int64(1)}}, Retry: &no}, s.Failure)

	_, err = captest.Call(t, job.New(), "fail", s, []byte("\xa1\x67message\x62no"))
	require.NoError(t, err)
	require.Equal(t, &abi.Fail{Message: "no"}, s.Failure, "the last word counts")
}

func TestFailRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		request string
		code    abi.Code
	}{
		"nothing":         {"", abi.InvalidArgument},
		"no message":      {`{"code":"c"}`, abi.InvalidArgument},
		"empty message":   {`{"message":""}`, abi.InvalidArgument},
		"message no text": {`{"message":1}`, abi.InvalidArgument},
		"unknown field":   {`{"message":"m","circle":"other"}`, abi.InvalidArgument},
		"a list":          {`["m"]`, abi.InvalidArgument},
		"too large":       {`{"message":"` + strings.Repeat("x", 128<<10) + `"}`, abi.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			s := captest.NewSession()
			_, err := captest.Call(t, job.New(), "fail", s, []byte(c.request))
			captest.RequireCode(t, c.code, err)
			require.Nil(t, s.Failure)
		})
	}
}

func TestProgress(t *testing.T) {
	s := captest.NewSession()
	_, err := captest.Call(t, job.New(), "progress", s, []byte(`{"done":1,"total":2.5,"text":"t"}`))
	require.NoError(t, err)
	require.Equal(t, "progress t", s.Log[0].Text)
	require.Equal(t, map[string]any{"done": 1.0, "total": 2.5}, s.Log[0].Fields)
	_, err = captest.Call(t, job.New(), "progress", s, []byte("\xa1\x64done\x03"))
	require.NoError(t, err)
	require.Equal(t, "progress", s.Log[1].Text)
	require.Equal(t, map[string]any{"done": 3.0}, s.Log[1].Fields)
}

func TestProgressRefuses(t *testing.T) {
	infinite, err := abi.Encode(abi.CBOR, abi.Progress{Done: math.Inf(1)})
	require.NoError(t, err)
	unknown, err := abi.Encode(abi.CBOR, abi.Progress{Total: math.NaN()})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		request string
		code    abi.Code
	}{
		"infinite":  {string(infinite), abi.InvalidArgument},
		"NaN":       {string(unknown), abi.InvalidArgument},
		"text":      {`{"done":"1"}`, abi.InvalidArgument},
		"too large": {`{"text":"` + strings.Repeat("x", capability.MaxStructured) + `"}`, abi.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			s := captest.NewSession()
			_, err := captest.Call(t, job.New(), "progress", s, []byte(c.request))
			captest.RequireCode(t, c.code, err)
			require.Empty(t, s.Log)
		})
	}
}

func TestNotDuringInit(t *testing.T) {
	require.False(t, job.New().DuringInit, "there is no job yet")
}

func TestFailKeepsDataInTheLog(t *testing.T) {
	s := captest.NewSession()
	_, err := captest.Call(t, job.New(), "fail", s, []byte(`{"message":"no","code":"e1","data":[1]}`))
	require.NoError(t, err)
	require.Equal(t, map[string]any{"code": "e1", "data": []any{int64(1)}}, s.Log[0].Fields)
}
