;; Gives redis.do its payload, and gives back what that answers: a reply, or the
;; message of an error, after which it returns 1.
(module
  (type $host (func (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "input" (func $input (type $host)))
  (import "henge_job_v1" "output" (func $output (type $host)))
  (import "henge_job_v1" "take" (func $take (type $host)))
  (import "henge_redis_v1" "do" (func $do (type $host)))
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32) (local $n i64) (local $failed i32)
    (local.set $n (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0x4000)))
    (local.set $n (call $do (i32.const 0) (i32.wrap_i64 (local.get $n)) (i32.const 0x4000) (i32.const 0x4000)))
    (local.set $failed (i64.lt_s (local.get $n) (i64.const 0)))
    (if (local.get $failed)
      (then (local.set $n (call $take (i32.const 0) (i32.const 0) (i32.const 0x4000) (i32.const 0x4000)))))
    (drop (call $output (i32.const 0x4000) (i32.wrap_i64 (local.get $n)) (i32.const 0) (i32.const 0)))
    (local.get $failed)))
