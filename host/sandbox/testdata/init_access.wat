;; A module that asks for its job while there is none, and reports in its job what
;; it was answered: the code in 8 bytes, then the message. End: success.
(module
  (import "henge_job_v1" "meta" (func $meta (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "take" (func $take (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (global $taken (mut i32) (i32.const 0))
  (func (export "henge_init")
    (i64.store (i32.const 0) (call $meta (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 1000)))
    (global.set $taken (i32.wrap_i64 (call $take (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 1000)))))
  (func (export "henge_run") (result i32) (local $again i64)
    ;; What was parked before the job is not the job's.
    (local.set $again (call $take (i32.const 0) (i32.const 0) (i32.const 2000) (i32.const 1000)))
    (drop (call $output (i32.const 0) (i32.add (global.get $taken) (i32.const 8)) (i32.const 0) (i32.const 0)))
    (i64.ne (local.get $again) (i64.const -2))))
