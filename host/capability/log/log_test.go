package log_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/captest"
	"github.com/henge-run/henge/host/capability/log"
	"github.com/henge-run/henge/host/job"
)

func TestWrite(t *testing.T) {
	at := captest.NewSession().Now()
	for name, c := range map[string]struct {
		request string
		want    job.LogLine
	}{
		"text alone":  {`{"text":"a"}`, job.LogLine{Time: at, Text: "a"}},
		"debug":       {`{"text":"a","level":"debug"}`, job.LogLine{Time: at, Text: "a", Level: job.Debug}},
		"info":        {`{"text":"a","level":"info"}`, job.LogLine{Time: at, Text: "a"}},
		"warn":        {`{"text":"a","level":"warn"}`, job.LogLine{Time: at, Text: "a", Level: job.Warn}},
		"error":       {`{"text":"a","level":"error"}`, job.LogLine{Time: at, Text: "a", Level: job.Error}},
		"fields":      {`{"text":"a","fields":{"n":1,"b":{"$bytes":"AA=="}}}`, job.LogLine{Time: at, Text: "a", Fields: map[string]any{"n": int64(1), "b": []byte{0}}}},
		"cbor":        {"\xa2\x64text\x61a\x66fields\xa1\x61n\x01", job.LogLine{Time: at, Text: "a", Fields: map[string]any{"n": int64(1)}}},
		"empty line":  {`{}`, job.LogLine{Time: at}},
		"several":     {`{"text":"a\nb"}`, job.LogLine{Time: at, Text: "a\nb"}},
		"null fields": {`{"text":"a","fields":null}`, job.LogLine{Time: at, Text: "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := captest.NewSession()
			b, err := captest.Call(t, log.New(), "write", s, []byte(c.request))
			require.NoError(t, err)
			require.Empty(t, b)
			require.Equal(t, []job.LogLine{c.want}, s.FinishLog())
		})
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		request string
		code    abi.Code
	}{
		"nothing":       {"", abi.InvalidArgument},
		"level":         {`{"text":"a","level":"fatal"}`, abi.InvalidArgument},
		"unknown field": {`{"msg":"a"}`, abi.InvalidArgument},
		"too large":     {`{"text":"` + strings.Repeat("x", capability.MaxStructured) + `"}`, abi.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			s := captest.NewSession()
			_, err := captest.Call(t, log.New(), "write", s, []byte(c.request))
			var e *abi.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.code, e.Code, e.Message)
			require.Empty(t, s.FinishLog())
		})
	}
}

func TestDuringInit(t *testing.T) {
	require.True(t, log.New().DuringInit)
}
