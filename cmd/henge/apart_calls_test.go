package main

import (
	"context"
	"strings"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
)

// texts are the arguments of a command.
func texts(args ...string) []abi.Value {
	var all []abi.Value
	for _, a := range args {
		all = append(all, abi.TextOrBytes([]byte(a)))
	}
	return all
}

// hide gives a circle something that the other one would like to have, by a job
// of its own. Each function is called there once and does what it should, so
// that the attacks are not refused for their form alone.
func (h *shared) hide(t require.TestingT, in string) {
	value := secretOf(in)
	// What it has done to its own keys when it was the attacker is forgotten.
	for _, key := range h.rdb.Keys(context.Background(), "henge:*{"+in+"}*").Val() {
		require.NoError(t, h.rdb.Del(context.Background(), key).Err())
	}
	calls := []hostCall{
		encoded(t, abi.SQLV1, "exec", []abi.Statement{{SQL: "CREATE TABLE IF NOT EXISTS secret (a text)"}, {SQL: "DELETE FROM secret"}, {SQL: "INSERT INTO secret VALUES (?)", Args: abi.Value{V: []any{value}}}}),
		encoded(t, abi.QueueV1, "submit", abi.SubmitJob{Type: "secret", Payload: abi.Value{V: value}}),
	}
	calls = append(calls,
		encoded(t, abi.RedisV1, "pipeline", [][]abi.Value{texts("INCR", "n"), texts("DEL", "n")}),
		encoded(t, abi.KVV1, "list", abi.KVList{Prefix: abi.Value{V: ""}}),
		encoded(t, abi.SQLV1, "query", abi.Statement{SQL: "SELECT * FROM secret"}),
		encoded(t, abi.CircleV1, "publish", abi.Publication{Kind: "table", Name: "secret"}),
		encoded(t, abi.CircleV1, "unpublish", abi.Publication{Kind: "table", Name: "secret"}),
		encoded(t, abi.HTTPV1, "fetch", abi.Fetch{URL: h.urls[in]}),
		hostCall{abi.KVV1 + " delete", "n"}, hostCall{abi.CircleV1 + " role", ""},
	)
	for _, key := range []string{"secret", "k", "*", "{", "}", "\x00", "\n"} {
		calls = append(calls,
			encoded(t, abi.RedisV1, "do", texts("SET", key, value)),
			encoded(t, abi.KVV1, "set", abi.KVSet{Key: abi.Value{V: key}, Value: abi.Value{V: value}}))
	}
	// What it has published when it was the attacker is no secret any more.
	for _, kind := range []string{circle.KindTable, circle.KindPrefix} {
		names, err := h.store.Published(context.Background(), in, kind)
		require.NoError(t, err)
		for _, name := range names {
			calls = append(calls, encoded(t, abi.CircleV1, "unpublish", abi.Publication{Kind: kind, Name: name}))
		}
	}
	for i, a := range h.run(t, &job.Job{ID: "hide", Circle: in, Caller: in}, calls) {
		require.GreaterOrEqual(t, a.code, int64(0), "%q: %s", calls[i], a.text)
		if calls[i].function == abi.QueueV1+" submit" {
			var s abi.SubmittedJob
			_, err := abi.Decode([]byte(a.text), &s)
			require.NoError(t, err)
			h.jobs[in] = s.ID
		}
	}
}

// state is all that a circle has in its database, as it sees that itself, and
// all of Redis but what belongs to the circle scope.
func (h *shared) state(t require.TestingT, circle, scope string) map[string]string {
	calls := []hostCall{
		encoded(t, abi.SQLV1, "query", abi.Statement{SQL: "SELECT * FROM secret"}),
		encoded(t, abi.KVV1, "list", abi.KVList{Prefix: abi.Value{V: ""}}),
		{abi.KVV1 + " get", "secret"}, {abi.KVV1 + " get", "k"}, {abi.CircleV1 + " role", ""},
	}
	found := map[string]string{}
	for i, a := range h.run(t, &job.Job{Circle: circle, Caller: circle}, calls) {
		found[calls[i].function+" "+calls[i].request] = a.text
	}
	published, err := h.store.Published(context.Background(), circle, "table")
	require.NoError(t, err)
	found["schema"] = h.store.schema(t, circle)
	found["published tables"] = strings.Join(published, " ")
	keys, err := h.rdb.Keys(context.Background(), "*").Result()
	require.NoError(t, err)
	for _, key := range keys {
		if scope != "" && belongs(key, scope) {
			continue
		}
		dump, err := h.rdb.Dump(context.Background(), key).Result()
		require.NoError(t, err, "%q", key)
		found["redis "+key] = dump + " " + h.rdb.ExpireTime(context.Background(), key).Val().String()
	}
	return found
}

// reached are those requests that came to a circle's server since the last look.
func (h *shared) reached(circle string) []string {
	var all []string
	for {
		select {
		case who := <-h.asked:
			if who == circle {
				all = append(all, who)
			}
		default:
			return all
		}
	}
}

// attacks are calls that mean what another circle has, or would reach it if
// names were pasted anywhere.
func (h *shared) attacks(theirs string) *rapid.Generator[hostCall] {
	data, own, secret := "henge:data:{"+theirs+"}", "henge:{"+theirs+"}:", h.jobs[theirs]
	names := rapid.OneOf(
		rapid.SampledFrom(append(h.store.names(h.places[theirs]),
			"secret", "k", theirs, strings.ToUpper(theirs), theirs+":k", theirs+"\x00k", "../"+theirs, "{", "}", "*", "?", "[a-z]", "\x00", "\n", "\r\n", "",
			data, data+":secret", data+":*", "}:secret", "}"+data+":k", own, own+"job:"+secret, own+"q:secret", own+"lease", "henge:events", "henge:*", secret,
			"secret\"; DROP TABLE secret; --", "henge_kv", "main.secret", h.urls[theirs],
			strings.Repeat("x", 64<<10), strings.Repeat("\x00", 64<<10), strings.Repeat("{"+theirs+"}", 1000),
		)),
		rapid.String(),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 12), func(b []byte) string { return string(b) }),
	)
	commands := rapid.SampledFrom([]string{
		"GET %", "SET % v", "DEL %", "APPEND % v", "RENAME % %", "RENAME k %", "COPY % %", "COPY % k DB 0", "EXPIRE % 100000", "TYPE %", "DUMP %", "OBJECT ENCODING %",
		"HSET % % v", "HGETALL %", "LPUSH % %", "LRANGE % 0 -1", "LMOVE % % LEFT LEFT", "SADD % %", "SUNIONSTORE % % %", "ZADD % 1 %", "ZRANGESTORE % % 0 -1",
		"SORT k BY % GET %", "SORT % STORE %", "SCAN 0 MATCH % COUNT 1000", "SCAN %", "RANDOMKEY", "XADD % * a %", "XREAD STREAMS % 0", "MGET % % %", "MSET % v % v",
		"EVAL % 1 %", "KEYS %", "FLUSHALL", "SELECT 1", "SWAPDB 0 1", "MIGRATE h 1 % 0 1", "CONFIG SET dir %", "PUBLISH % v", "CLIENT KILL TYPE normal", "DBSIZE", "MOVE % 1", "% % %",
	})
	statements := rapid.SampledFrom(h.store.statements)
	named := rapid.OneOf(rapid.SampledFrom(h.store.names(h.places[theirs])), names)
	urls := rapid.OneOf(
		rapid.SampledFrom([]string{h.urls[theirs], h.urls[theirs] + "x?y", h.urls[h.other(theirs)] + "on", strings.Replace(h.urls[theirs], "127.0.0.1", "localhost", 1),
			strings.Replace(h.urls[theirs], "127.0.0.1", "127.1", 1), strings.Replace(h.urls[theirs], "127.0.0.1", "[::ffff:127.0.0.1]", 1), strings.Replace(h.urls[theirs], "127.0.0.1", "2130706433", 1),
			strings.Replace(h.urls[theirs], "http://", "http://a@", 1), "file://" + h.places[theirs], "gopher://" + strings.TrimPrefix(h.urls[theirs], "http://")}),
		rapid.Map(names, func(n string) string { return h.urls[h.other(theirs)] + n }),
		names,
	)
	return rapid.Custom(func(t *rapid.T) hostCall {
		name := func() string { return names.Draw(t, "name") }
		value := func() abi.Value { return abi.TextOrBytes([]byte(name())) }
		command := func() []abi.Value {
			args := strings.Fields(commands.Draw(t, "command"))
			for i := range args {
				if args[i] == "%" {
					args[i] = name()
				}
			}
			return texts(args...)
		}
		statement := func() abi.Statement {
			sql := strings.ReplaceAll(statements.Draw(t, "statement"), "%", strings.ToValidUTF8(named.Draw(t, "named"), "?"))
			s := abi.Statement{SQL: sql}
			if strings.Contains(sql, "?") && rapid.Bool().Draw(t, "bound") {
				s.Args = abi.Value{V: []any{value().V}}
			}
			return s
		}
		text := func() string { return strings.ToValidUTF8(name(), "?") }
		switch rapid.IntRange(0, 15).Draw(t, "function") {
		case 0, 1:
			return encoded(t, abi.RedisV1, "do", command())
		case 2:
			return encoded(t, abi.RedisV1, "pipeline", [][]abi.Value{command(), command(), command()})
		case 3:
			return encoded(t, abi.SQLV1, "query", statement())
		case 4:
			return encoded(t, abi.SQLV1, "exec", statement())
		case 5:
			return hostCall{abi.KVV1 + " get", name()}
		case 6:
			return hostCall{abi.KVV1 + " delete", name()}
		case 7:
			return encoded(t, abi.KVV1, "set", abi.KVSet{Key: value(), Value: value()})
		case 8:
			return encoded(t, abi.KVV1, "list", abi.KVList{Prefix: value(), After: value()})
		case 9:
			function := rapid.SampledFrom([]string{"publish", "unpublish"}).Draw(t, "change")
			return encoded(t, abi.CircleV1, function, abi.Publication{Kind: rapid.SampledFrom([]string{"table", "prefix", theirs}).Draw(t, "kind"), Name: text()})
		case 10:
			return hostCall{abi.CircleV1 + " role", name()}
		case 11:
			kind := rapid.OneOf(rapid.SampledFrom([]string{"secret", "a"}), rapid.Just(text())).Draw(t, "type")
			return encoded(t, abi.QueueV1, "submit", abi.SubmitJob{Type: kind, Payload: value(), Env: map[string]string{"CONTEXT_ID": theirs, "n": text()}})
		case 12:
			return encoded(t, abi.QueueV1, "wait", abi.WaitJobs{IDs: []string{rapid.OneOf(rapid.Just(secret), rapid.Just(text())).Draw(t, "id")}, TimeoutMS: 1})
		default:
			request := abi.Fetch{URL: strings.ToValidUTF8(urls.Draw(t, "url"), "?")}
			if rapid.Bool().Draw(t, "with a header") {
				request.Headers = map[string]string{"X-Forwarded-For": text(), "Host": text()}
			}
			return encoded(t, abi.HTTPV1, "fetch", request)
		}
	})
}

// other is the circle that is not this one.
func (h *shared) other(circle string) string {
	if circle == h.circles[0] {
		return h.circles[1]
	}
	return h.circles[0]
}

// belongs says whether a key of Redis is a circle's: its jobs, its data, or what
// its data takes.
func belongs(key, circle string) bool {
	tag := "{" + circle + "}"
	return strings.HasPrefix(key, "henge:"+tag+":") || strings.HasPrefix(key, "henge:data:"+tag+":") ||
		key == "henge:ledger:"+tag || key == "henge:used:"+tag || key == "henge:swept:"+tag
}
