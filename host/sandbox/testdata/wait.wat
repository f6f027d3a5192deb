;; An engine that calls a host function which waits until the job is over, and
;; would give back a result and return 0 then. End: deadline, or what stops it,
;; without a result.
(module
  (import "test_v1" "wait" (func $wait (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32)
    (drop (call $wait (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8)))
    (drop (call $output (i32.const 0) (i32.const 8) (i32.const 0) (i32.const 0)))
    (i32.const 0)))
