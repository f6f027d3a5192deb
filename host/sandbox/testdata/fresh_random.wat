;; An engine that outputs 16 random bytes of the host's and 16 of WASI's. It has
;; nothing that could not be put back. End: success.
(module
  (import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
  (import "henge_clock_v1" "random" (func $random (param i32 i32 i32 i32) (result i64)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "\10\00\00\00")
  (func (export "henge_run") (result i32)
    (drop (call $random (i32.const 100) (i32.const 4) (i32.const 0) (i32.const 16)))
    (drop (call $random_get (i32.const 16) (i32.const 16)))
    (drop (call $output (i32.const 0) (i32.const 32) (i32.const 0) (i32.const 0)))
    (i32.const 0)))
