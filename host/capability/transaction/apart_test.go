package transaction_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability/captest"
	"github.com/henge-run/henge/host/job"
)

// Whatever the owner of one circle sends, the other one stays as it is, and
// nothing of it comes back.
func TestCirclesAreApart(t *testing.T) {
	b := setup(t)
	const marker = "what the other circle hides"
	state := func() string {
		other := b.as(t, "other")
		other.Job.Circle = "other"
		return other.must(abi.SQLV1, "query", `{"sql":"SELECT * FROM secret"}`) + other.must(abi.KVV1, "list", `{"prefix":""}`) + other.must(abi.KVV1, "get", "k")
	}
	other := b.as(t, "other")
	other.Job.Circle = "other"
	other.must(abi.SQLV1, "exec", `[{"sql":"CREATE TABLE secret (a)"},{"sql":"INSERT INTO secret VALUES ('`+marker+`')"}]`)
	other.must(abi.KVV1, "set", `{"key":"k","value":"`+marker+`"}`)
	other.succeed()
	before := state()
	file, err := b.store.Path("other")
	require.NoError(t, err)

	name := rapid.OneOf(
		rapid.SampledFrom([]string{
			"secret", "other", "other.secret", "main.secret", `"secret"`, file, filepath.Base(file), "../" + filepath.Base(file), "file:" + file,
			"k", "circle-other", "{", "}", "*", "\x00", "\n", "'; ATTACH '" + file + "' AS o; --", "henge_kv", "other\x00k",
		}),
		rapid.String(),
	)
	shapes := []string{
		"SELECT * FROM %s", "ATTACH '%s' AS o", "CREATE TABLE %s (a)", "INSERT INTO %s VALUES (1)", "DROP TABLE %s", "VACUUM INTO '%s'", "DELETE FROM %s",
		"SELECT readfile('%s')", "PRAGMA %s", "%s", "SELECT * FROM \"%s\"", "UPDATE %s SET a = 1", "CREATE VIRTUAL TABLE x USING %s", "SELECT load_extension('%s')", "DETACH %s",
	}
	rapid.Check(t, func(r *rapid.T) {
		s := captest.NewSession()
		s.Job.Caller = s.Job.Circle
		replies := ""
		for range rapid.IntRange(1, 5).Draw(r, "calls") {
			n := name.Draw(r, "name")
			request, err := json.Marshal(abi.Statement{SQL: fmt.Sprintf(rapid.SampledFrom(shapes).Draw(r, "shape"), n)})
			require.NoError(r, err)
			for _, c := range [][3]string{
				{abi.SQLV1, "query", string(request)}, {abi.SQLV1, "exec", string(request)},
				{abi.KVV1, "get", n}, {abi.KVV1, "delete", n}, {abi.KVV1, "list", `{"prefix":""}`}, {abi.CircleV1, "publish", `{"kind":"table","name":"secret"}`},
			} {
				reply, _ := captest.Call(t, b.caps[c[0]], c[1], s, []byte(c[2]))
				replies += string(reply)
			}
		}
		require.NotContains(r, replies, marker)
		require.NoError(r, s.Settle(t.Context(), &job.Result{End: job.Success}))
	})
	require.Equal(t, before, state())
}
