;; An engine that gives back its payload, at most 60,000 bytes of it. End: success.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32)
    (drop (call $output
      (i32.const 0)
      (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 60000)))
      (i32.const 0) (i32.const 0)))
    (i32.const 0)))
