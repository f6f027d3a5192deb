package capability_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/captest"
	"github.com/henge-run/henge/host/job"
)

func TestOutputLimit(t *testing.T) {
	s := captest.NewSession()
	s.Limits.Output = 5
	require.NoError(t, s.AppendOutput([]byte("abc")))
	captest.RequireCode(t, abi.TooLarge, s.AppendOutput([]byte("def")))
	require.Equal(t, "abc", string(s.Output), "a piece that does not fit is not cut")
	require.NoError(t, s.AppendOutput([]byte("de")), "up to the limit it goes on")
	require.NoError(t, s.AppendOutput(nil))
	captest.RequireCode(t, abi.TooLarge, s.AppendOutput([]byte("f")))
	require.Equal(t, "abcde", string(s.Output))
}

func TestLogLimit(t *testing.T) {
	s := captest.NewSession()
	s.Limits.Log = 1000
	for range 1000 {
		s.WriteLog(job.Info, strings.Repeat("x", 100), nil)
	}
	lines := s.FinishLog()
	last := lines[len(lines)-1]
	require.Equal(t, job.Warn, last.Level)
	require.Equal(t, "994 more log lines were dropped: the job's log limit is 1000 bytes; log less, or ask the operator to raise the log limit", last.Text)
	require.Len(t, lines, 7)
	require.Len(t, s.FinishLog(), 7, "one closing line, however often it is asked for")
}

func TestLogAfterTheLimitIsDropped(t *testing.T) {
	s := captest.NewSession()
	s.Limits.Log = 200
	s.WriteLog(job.Info, "first", nil)
	s.WriteLog(job.Info, strings.Repeat("x", 200), nil)
	s.WriteLog(job.Info, "it would fit, and would hide that there is a gap", nil)
	lines := s.FinishLog()
	require.Len(t, lines, 2)
	require.Equal(t, "first", lines[0].Text)
	require.Contains(t, lines[1].Text, "2 more log lines")
}

func TestLogCountsFields(t *testing.T) {
	for name, fields := range map[string]map[string]any{
		"text":   {"a": strings.Repeat("x", 2000)},
		"bytes":  {"a": make([]byte, 2000)},
		"list":   {"a": make([]any, 200)},
		"map":    {"a": map[string]any{strings.Repeat("x", 2000): nil}},
		"key":    {strings.Repeat("x", 2000): nil},
		"nested": {"a": []any{map[string]any{"b": strings.Repeat("x", 2000)}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := captest.NewSession()
			s.Limits.Log = 1000
			s.WriteLog(job.Info, "", fields)
			require.Contains(t, s.FinishLog()[0].Text, "1 more log line")
		})
	}
}

func TestEmptyLinesAreNotFree(t *testing.T) {
	s := captest.NewSession()
	s.Limits.Log = 6400
	for range 1000 {
		s.WriteLog(job.Info, "", nil)
	}
	require.Len(t, s.FinishLog(), 101)
}

func TestLogWithinTheLimit(t *testing.T) {
	s := captest.NewSession()
	s.WriteLog(job.Error, "a", map[string]any{"n": int64(1)})
	require.Equal(t, []job.LogLine{{
		Time: s.Now(), Level: job.Error, Text: "a", Fields: map[string]any{"n": int64(1)},
	}}, s.FinishLog())
}

func TestDecodeBound(t *testing.T) {
	c := capability.Call{Session: captest.NewSession(), Request: append([]byte{'{'}, make([]byte, capability.MaxStructured)...)}
	_, err := c.Decode(&struct{}{})
	captest.RequireCode(t, abi.TooLarge, err)
	c.Request = c.Request[:capability.MaxStructured]
	_, err = c.Decode(&struct{}{})
	captest.RequireCode(t, abi.InvalidArgument, err)
}

func TestReply(t *testing.T) {
	var c capability.Call
	require.Empty(t, c.TakeReply())
	c.Reply([]byte("a"))
	require.Equal(t, "a", string(c.TakeReply()))
	require.Empty(t, c.TakeReply(), "a reply is taken once")

	c.ReplyBuffer(append(c.Buffer(), "bc"...))
	require.Equal(t, "bc", string(c.TakeReply()))
	require.Empty(t, c.Buffer())
	require.Positive(t, cap(c.Buffer()), "its memory is kept")

	require.NoError(t, c.ReplyValue(abi.JSON, []int{1}))
	require.Equal(t, "[1]", string(c.TakeReply()))
	require.NoError(t, c.ReplyValue(abi.CBOR, []int{1}))
	require.Equal(t, "\x81\x01", string(c.TakeReply()))
	require.Error(t, c.ReplyValue(abi.JSON, math.NaN()))
	require.Empty(t, c.TakeReply())
}
