package sandbox_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

// TestArguments shows that a payload which does not fit never reaches the
// module, and is not tried again.
func TestArguments(t *testing.T) {
	b := setup(t, sandbox.Options{})
	load := func(schema string) (*sandbox.Module, error) {
		manifest := &abi.Manifest{Name: "echo", Arguments: json.RawMessage(schema)}
		return b.Load(context.Background(), wattest.CompileFile(t, "testdata/echo.wat"), manifest, job.Limits{})
	}
	m, err := load(`{"type":"object","required":["name"]}`)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close(context.Background())) })
	run := func(payload string) *job.Result {
		return m.Run(context.Background(), &job.Job{ID: "1", Circle: "acme", Payload: []byte(payload), Timeout: time.Minute})
	}
	r := run(`{"name":"Ada"}`)
	require.Equal(t, job.Success, r.End, r.Error)
	require.Equal(t, `{"name":"Ada"}`, string(r.Output))

	for payload, want := range map[string]string{
		`{}`: "the payload does not fit the module's arguments: at the top: missing property 'name'",
		``:   "the payload is empty, and should be the module's arguments as JSON",
	} {
		r := run(payload)
		require.Equal(t, job.Refused, r.End)
		require.Equal(t, want, r.Error)
		require.False(t, r.Retryable())
		require.Zero(t, r.Cost.Fuel)
	}

	_, err = load(`{"type":"text"}`)
	require.ErrorContains(t, err, "arguments in its manifest: the schema is none: at /type: ")
	info, err := b.Inspect(context.Background(), wattest.CompileFile(t, "testdata/echo.wat"), &abi.Manifest{Name: "echo", Arguments: json.RawMessage(`{"$ref":"http://a/b"}`)}, job.Limits{})
	require.NoError(t, err)
	require.Contains(t, info.Reason, "other schemas are not fetched")
}
