package transaction_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/captest"
	capcircle "github.com/henge-run/henge/host/capability/circle"
	"github.com/henge-run/henge/host/capability/kv"
	"github.com/henge-run/henge/host/capability/sql"
	"github.com/henge-run/henge/host/capability/transaction"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle/sqlite"
)

// bundle is the three capabilities over one store.
type bundle struct {
	store *sqlite.Store
	caps  map[string]capability.Capability
}

func setup(t *testing.T) *bundle {
	t.Helper()
	s, err := sqlite.Open(t.TempDir(), sqlite.Options{Now: func() time.Time { return captest.Start }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	b := &bundle{s, map[string]capability.Capability{}}
	for _, c := range []capability.Capability{sql.New(s), kv.New(s), capcircle.New(s)} {
		b.caps[c.Name] = c
	}
	return b
}

// attempt is one attempt of a caller's, which the test settles.
type attempt struct {
	*capability.Session
	b *bundle
	t *testing.T
}

func (b *bundle) as(t *testing.T, caller string) attempt {
	s := captest.NewSession()
	s.Job.Caller = caller
	t.Cleanup(func() { require.NoError(t, s.Settle(context.Background(), &job.Result{End: job.ScriptError})) })
	return attempt{s, b, t}
}

func (a attempt) call(name, function, request string) (string, error) {
	a.t.Helper()
	reply, err := captest.Call(a.t, a.b.caps[name], function, a.Session, []byte(request))
	return string(reply), err
}

// must is a call that succeeds.
func (a attempt) must(name, function, request string) string {
	a.t.Helper()
	reply, err := a.call(name, function, request)
	require.NoError(a.t, err, request)
	return reply
}

// insufficient is a call that the caller may not make.
func (a attempt) insufficient(name, function, request string) {
	a.t.Helper()
	_, err := a.call(name, function, request)
	require.Equal(a.t, capability.Insufficient(), err, request)
}

func (a attempt) succeed() {
	a.t.Helper()
	r := &job.Result{End: job.Success}
	require.NoError(a.t, a.Settle(a.t.Context(), r))
	require.Equal(a.t, job.Success, r.End)
}

func TestRolesInAllThree(t *testing.T) {
	b := setup(t)
	owner := b.as(t, "acme")
	require.Equal(t, "owner", owner.must(abi.CircleV1, "role", ""))
	require.Equal(t, `[{"changes":0,"last_id":0},{"changes":1,"last_id":1}]`,
		owner.must(abi.SQLV1, "exec", `[{"sql":"CREATE TABLE notes (a)"},{"sql":"INSERT INTO notes VALUES (?)","args":["x"]}]`))
	require.Equal(t, `{"columns":["a"],"rows":[["x"]],"more":false}`, owner.must(abi.SQLV1, "query", `{"sql":"SELECT a FROM notes"}`))
	owner.must(abi.KVV1, "set", `{"key":"public:a","value":"1"}`)
	owner.must(abi.KVV1, "set", `{"key":"private:a","value":{"$bytes":"/w=="},"ttl_ms":5000}`)
	owner.must(abi.CircleV1, "publish", `{"kind":"prefix","name":"public:"}`)
	owner.succeed()
	tx, err := b.store.Begin(t.Context(), &job.Job{Circle: "acme"}, true)
	require.NoError(t, err)
	for caller, role := range map[string]string{"rea": "reader", "wri": "writer", "adm": "admin"} {
		require.NoError(t, tx.SetMember(t.Context(), caller, role))
	}
	require.NoError(t, tx.Commit(t.Context(), nil))
	require.NoError(t, tx.Close())

	for caller, role := range map[string]capability.Role{"": capability.Stranger, "eve": capability.Stranger, "rea": capability.Reader, "wri": capability.Writer, "adm": capability.Admin, "acme": capability.Owner} {
		t.Run(role.String()+" "+caller, func(t *testing.T) {
			a := b.as(t, caller)
			require.Equal(t, role.String(), a.must(abi.CircleV1, "role", ""))
			require.Equal(t, "1", a.must(abi.KVV1, "get", "public:a"))
			require.Equal(t, `{"keys":["public:a"],"more":false}`, a.must(abi.KVV1, "list", `{"prefix":"public:"}`))
			for _, c := range []struct {
				least                   capability.Role
				name, function, request string
			}{
				{capability.Reader, abi.KVV1, "get", "private:a"},
				{capability.Reader, abi.KVV1, "list", `{"prefix":""}`},
				{capability.Reader, abi.KVV1, "list", `{"prefix":"publi"}`},
				{capability.Reader, abi.SQLV1, "query", `{"sql":"SELECT a FROM notes"}`},
				{capability.Writer, abi.KVV1, "set", `{"key":"public:b","value":""}`},
				{capability.Writer, abi.KVV1, "delete", "public:a"},
				{capability.Writer, abi.SQLV1, "exec", `{"sql":"DELETE FROM notes"}`},
				{capability.Writer, abi.SQLV1, "query", `{"sql":"INSERT INTO notes VALUES (1) RETURNING a"}`},
				{capability.Admin, abi.CircleV1, "publish", `{"kind":"table","name":"notes"}`},
				{capability.Admin, abi.CircleV1, "unpublish", `{"kind":"prefix","name":"public:"}`},
			} {
				if role < c.least {
					a.insufficient(c.name, c.function, c.request)
				} else {
					a.must(c.name, c.function, c.request)
				}
			}
		})
	}

	d := transaction.NewDirectory(b.store, nil)
	role, err := d.Role(t.Context(), "acme", "wri")
	require.NoError(t, err)
	require.Equal(t, capability.Writer, role)
	names, err := d.Published(t.Context(), "acme", capability.Prefix)
	require.NoError(t, err)
	require.Equal(t, []string{"public:"}, names)
	role, err = d.Role(t.Context(), "acme", "")
	require.NoError(t, err)
	require.Equal(t, capability.Stranger, role)
}

func TestRequestsThatAreWrong(t *testing.T) {
	b := setup(t)
	a := b.as(t, "acme")
	for _, c := range []struct {
		code                    abi.Code
		name, function, request string
	}{
		{abi.InvalidArgument, abi.SQLV1, "query", ``},
		{abi.InvalidArgument, abi.SQLV1, "query", `{"sql":"SELECT 1","max_rows":-1}`},
		{abi.InvalidArgument, abi.SQLV1, "query", `{"sql":"SELECT 1","rows":1}`},
		{abi.InvalidArgument, abi.SQLV1, "exec", `{"sql":""}`},
		{abi.InvalidArgument, abi.SQLV1, "exec", `[{"sql":"SELECT 1"},{"sql":"nonsense"}]`},
		{abi.InvalidArgument, abi.KVV1, "get", ``},
		{abi.NotFound, abi.KVV1, "get", `nothing`},
		{abi.InvalidArgument, abi.KVV1, "set", `{"key":1,"value":"x"}`},
		{abi.InvalidArgument, abi.KVV1, "set", `{"key":"a","value":["x"]}`},
		{abi.InvalidArgument, abi.KVV1, "set", `{"key":"a","value":"x","ttl_ms":-1}`},
		{abi.InvalidArgument, abi.KVV1, "set", `{"key":"a","value":"x","ttl_ms":9223372036854775807}`},
		{abi.InvalidArgument, abi.KVV1, "list", `{"prefix":1}`},
		{abi.InvalidArgument, abi.CircleV1, "publish", `{"kind":"table","name":"henge_kv"}`},
	} {
		_, err := a.call(c.name, c.function, c.request)
		captest.RequireCode(t, c.code, err)
	}
	require.Equal(t, `[]`, a.must(abi.SQLV1, "exec", `[]`))
}

// A conflict begins the attempt anew, which then has the lock of writers.
func TestConflictBeginsAnew(t *testing.T) {
	b := setup(t)
	first := b.as(t, "acme")
	first.must(abi.SQLV1, "exec", `{"sql":"CREATE TABLE t (a)"}`)
	first.succeed()

	late, quick := b.as(t, "acme"), b.as(t, "acme")
	late.must(abi.SQLV1, "query", `{"sql":"SELECT * FROM t"}`)
	quick.must(abi.SQLV1, "exec", `{"sql":"INSERT INTO t VALUES (1)"}`)
	quick.succeed()
	_, err := late.call(abi.KVV1, "set", `{"key":"a","value":"x"}`)
	require.ErrorIs(t, err, capability.ErrRestart)
	require.NoError(t, late.Effect(t.Context()))
	_, err = late.call(abi.SQLV1, "exec", `{"sql":"INSERT INTO t VALUES (2)"}`)
	captest.RequireCode(t, abi.Conflict, err)

	again := b.as(t, "acme")
	again.Restarts = 1
	again.must(abi.SQLV1, "query", `{"sql":"SELECT * FROM t"}`)
	again.must(abi.SQLV1, "exec", `{"sql":"INSERT INTO t VALUES (2)"}`)
	again.succeed()
	require.Equal(t, `{"columns":["count(*)"],"rows":[[2]],"more":false}`, b.as(t, "acme").must(abi.SQLV1, "query", `{"sql":"SELECT count(*) FROM t"}`))
}
