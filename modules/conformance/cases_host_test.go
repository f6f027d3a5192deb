package conformance_test

import "github.com/henge-run/henge/host/capability"

// jobCases are about the job itself: its log, its clock, its random values.
func jobCases() []testCase {
	return []testCase{
		{name: "log/levels", output: "", log: []string{"debug: a", "info: 1", "warn: w", "error: e map[n:1 t:x]"}},
		{name: "log/printed", output: "", log: []string{"info: one", "info: two"}},
		{name: "log/progress", calls: `
			job.progress {"done":1.0}
			job.progress {"done":1.0,"total":4.0}
			job.progress {"done":0.5,"text":"half","total":4.0}`},
		{name: "clock/now", output: "1767323045"},
		{name: "clock/elapsed", output: "0"},
		{name: "random/ranges", output: "ok"},
		{name: "random/bytes", output: "16"},
		{name: "random/empty range", output: "invalid_argument"},
	}
}

// redisCases have the capability itself answer, so each call stands without.
func redisCases() []testCase {
	return []testCase{
		{name: "redis/strings", output: "true v false true 2 vw 2 5 4 2 7", calls: `
			redis.do ["SET","k","v"]
			redis.do ["GET","k"]
			redis.do ["SETNX","k","x"]
			redis.do ["SETNX","l","1"]
			redis.do ["APPEND","k","w"]
			redis.do ["GET","k"]
			redis.do ["STRLEN","k"]
			redis.do ["INCRBY","l",4]
			redis.do ["DECR","l"]
			redis.do ["DECRBY","l",2]
			redis.do ["SET","l",6,"EX",60]
			redis.do ["INCR","l"]
			redis.do ["MGET","l","none"]`},
		{name: "redis/keys", output: "true false string true 60 true -1 2 1", calls: `
			redis.do ["SET","a1","x"]
			redis.do ["SET","a2","x"]
			redis.do ["EXISTS","a1"]
			redis.do ["EXISTS","none"]
			redis.do ["TYPE","a1"]
			redis.do ["EXPIRE","a1",60]
			redis.do ["TTL","a1"]
			redis.do ["PERSIST","a1"]
			redis.do ["TTL","a1"]
			redis.do ["SCAN","0","MATCH","a*"]
			redis.do ["DEL","a1","none"]`},
		{name: "redis/hashes", output: "1 2 1 2 1 2 f,g,h 3 3 true 5 2", calls: `
			redis.do ["HSET","h","f","1"]
			redis.do ["HSET","h","g",2,"h",3]
			redis.do ["HGET","h","f"]
			redis.do ["HMGET","h","f","g"]
			redis.do ["HGETALL","h"]
			redis.do ["HKEYS","h"]
			redis.do ["HVALS","h"]
			redis.do ["HLEN","h"]
			redis.do ["HEXISTS","h","f"]
			redis.do ["HINCRBY","h","g",3]
			redis.do ["HDEL","h","f","g"]`},
		{name: "redis/lists", output: "1 3 z b 1 3 true z a", calls: `
			redis.do ["RPUSH","l","a"]
			redis.do ["RPUSH","l","b","c"]
			redis.do ["LPUSH","l","z"]
			redis.do ["LRANGE","l",0,-1]
			redis.do ["LINDEX","l",2]
			redis.do ["LREM","l",0,"b"]
			redis.do ["LLEN","l"]
			redis.do ["LTRIM","l",0,1]
			redis.do ["LPOP","l"]
			redis.do ["RPOP","l"]`},
		{name: "redis/sets", output: "2 2 true 2 1", calls: `
			redis.do ["SADD","s","a","b"]
			redis.do ["SCARD","s"]
			redis.do ["SISMEMBER","s","a"]
			redis.do ["SMEMBERS","s"]
			redis.do ["SREM","s","a"]`},
		{name: "redis/sorted sets", output: "1 1 2 a b 1", calls: `
			redis.do ["ZADD","z",1.5,"b"]
			redis.do ["ZADD","z",1,"a"]
			redis.do ["ZCARD","z"]
			redis.do ["ZRANGE","z",0,-1]
			redis.do ["ZSCORE","z","a"]
			redis.do ["ZREM","z","a"]`},
		{name: "redis/any command", output: "OK ell hello", calls: `
			redis.do ["SET","k","hello"]
			redis.do ["GETRANGE","k",1,3]
			redis.do ["GET","k"]`},
		{name: "redis/pipeline", output: "1 access_denied", calls: `redis.pipeline [["INCR","k"],["CONFIG","GET","*"]]`},
		{name: "redis/nothing", output: "nothing", calls: `redis.do ["GET","none"]`},
		{name: "redis/bytes", output: "\xff\x00", calls: `
			redis.do ["SET","k",{"$bytes":"/wA="}]
			redis.do ["GET","k"]`},
		{name: "redis/refused", output: "access_denied"},
		{name: "redis/wrong kind", output: "type_error"},
		{name: "redis/no server", output: "unavailable, no server", calls: `redis.do ["GET","k"] ! unavailable "no server"`},
	}
}

// dataCases are about what the circle keeps.
func dataCases() []testCase {
	return []testCase{
		{name: "sql/rows", output: "1 2 2 a 2.5 nothing b", calls: `
			sql.exec {"sql":"CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, x REAL)"}
			sql.exec {"sql":"INSERT INTO t VALUES (?, ?, ?)","args":[1,"a",2.5]}
			sql.exec {"sql":"INSERT INTO t (name) VALUES (:name)","args":{"name":"b"}}
			sql.query {"sql":"SELECT * FROM t ORDER BY id","max_rows":10000}
			sql.query {"sql":"SELECT name FROM t WHERE id = ?","args":[2],"max_rows":10000}`},
		{name: "sql/some rows", output: "2", calls: `sql.query {"sql":"SELECT 1 UNION SELECT 2 UNION SELECT 3","max_rows":2}`},
		{name: "sql/too many rows", output: "too_large", calls: `sql.query {"sql":"SELECT","max_rows":10000} => {"columns":[],"more":true,"rows":[]}`},
		{name: "sql/error", output: "invalid_argument"},
		{name: "sql/failed job", first: true, output: "0"},
		{name: "sql/kept", first: true, output: "1"},
		{name: "kv/values", output: "nothing 1 2 nothing", calls: `
			kv.get "a" ! not_found "no such key"
			kv.set {"key":"a","value":"1"}
			kv.get "a"
			kv.set {"key":"a","ttl_ms":60000,"value":"2"}
			kv.get "a"
			kv.delete "a"
			kv.get "a"`},
		{name: "kv/bytes", output: "\xff\x00"},
		{name: "kv/keys", output: "a1,a2,b a1,a2 a2"},
		{name: "kv/pages", output: "a1,a2", calls: `
			kv.list {"prefix":"a"} => {"keys":["a1"],"more":true}
			kv.list {"after":"a1","prefix":"a"} => {"keys":["a2"],"more":false}`},
		{name: "circle/published", first: true, caller: "mallory", output: "1 1 access_denied access_denied"},
		{name: "circle/unpublished", first: true, caller: "mallory", output: "access_denied"},
		{name: "circle/not the owner", caller: "alice", role: capability.Writer, output: "writer access_denied"},
	}
}

// outsideCases reach other servers and other jobs.
func outsideCases() []testCase {
	return []testCase{
		{name: "http/denied", output: "access_denied"},
		{name: "http/methods", output: "200 b hi 404 201 204 204", calls: `
			http.fetch {"method":"GET","url":"http://a/"} => {"status":200,"headers":{"a":"b"},"body":"hi"}
			http.fetch {"headers":{"a":"b"},"method":"GET","url":"http://a/"} => {"status":404,"headers":{},"body":""}
			http.fetch {"body":"x","method":"POST","url":"http://a/"} => {"status":201,"headers":{},"body":""}
			http.fetch {"body":"x","headers":{"a":"b"},"method":"PUT","url":"http://a/"} => {"status":204,"headers":{},"body":""}
			http.fetch {"method":"DELETE","url":"http://a/"} => {"status":204,"headers":{},"body":""}`},
		{name: "http/fetch", output: "200", calls: `http.fetch {"body":"x","method":"PATCH","timeout_ms":5,"url":"http://a/"} => {"status":200,"headers":{},"body":""}`},
		{name: "http/unknown field", output: "invalid_argument"},
		{name: "queue/submit", output: "j1 j2 j3", calls: `
			queue.submit {"payload":"1 + 1","type":"rhai"} => {"id":"j1"}
			queue.submit {"env":{"A":"b"},"payload":"x","retries":2,"type":"sum"} => {"id":"j2"}
			queue.submit {"payload":"y","type":"sum"} => {"id":"j3"}`},
		{name: "queue/wait", output: "succeeded 42 nothing failed why", calls: `
			queue.wait {"ids":["j1"]} => {"j1":{"status":"succeeded","output":"42","error":""}}
			queue.wait {"ids":["j1"],"timeout_ms":5} => {}
			queue.wait {"ids":["j1","j2"]} => {"j1":{"status":"succeeded","output":"42","error":""},"j2":{"status":"failed","output":"","error":"why"}}
			queue.wait {"ids":["j1","j2"],"timeout_ms":5} => {}`},
		{name: "queue/unsupported", output: "unsupported"},
	}
}
