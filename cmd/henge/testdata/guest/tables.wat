;; tables carries out its payload as a request to henge_sql_v1.query, and gives
;; back the reply, or what is wrong with it.
(module
	(import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
	(import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
	(import "henge_job_v1" "take" (func $take (param i32 i32 i32 i32) (result i64)))
	(import "henge_sql_v1" "query" (func $query (param i32 i32 i32 i32) (result i64)))
	(memory (export "memory") 2)
	(func (export "henge_run") (result i32)
		(local $n i64)
		(local.set $n (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65536)))
		(local.set $n (call $query (i32.const 0) (i32.wrap_i64 (local.get $n)) (i32.const 65536) (i32.const 65536)))
		(if (i64.lt_s (local.get $n) (i64.const 0))
			(then (local.set $n (call $take (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 65536)))))
		(drop (call $output (i32.const 65536) (i32.wrap_i64 (local.get $n)) (i32.const 0) (i32.const 0)))
		(i32.const 0)))
