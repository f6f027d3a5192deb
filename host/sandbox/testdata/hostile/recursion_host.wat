;; Attacks the host's own stack: each level of the recursion calls the host before it
;; goes deeper. End: stack.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (import "henge_clock_v1" "now" (func $now (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func $down (param i32) (result i32)
    (drop (call $now (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8)))
    (i32.add (call $down (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (call $down (i32.const 0))))
