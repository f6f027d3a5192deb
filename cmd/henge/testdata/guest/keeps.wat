;; A module whose payload is a pipeline of Redis commands, and whose result is
;; what they gave, or the message of the error.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "take" (func $take (param i32 i32 i32 i32) (result i64)))
  (import "henge_redis_v1" "pipeline" (func $pipeline (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32) (local $n i64)
    (local.set $n (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4096)))
    (local.set $n (call $pipeline (i32.const 0) (i32.wrap_i64 (local.get $n)) (i32.const 4096) (i32.const 4096)))
    (if (i64.lt_s (local.get $n) (i64.const 0))
      (then (local.set $n (call $take (i32.const 0) (i32.const 0) (i32.const 4096) (i32.const 4096)))))
    (drop (call $output (i32.const 4096) (i32.wrap_i64 (local.get $n)) (i32.const 0) (i32.const 0)))
    (i32.const 0)))
