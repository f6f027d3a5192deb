;; An engine that calls the host until that is refused, and then fails in good
;; order. End: script_error.
(module
  (import "henge_clock_v1" "now" (func $now (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "fail" (func $fail (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 16) "{\"message\":\"spent\"}")
  (func (export "henge_run") (result i32)
    (loop $l
      (br_if $l (i64.ge_s
        (call $now (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8))
        (i64.const 0))))
    (drop (call $fail (i32.const 16) (i32.const 19) (i32.const 0) (i32.const 0)))
    (i32.const 1)))
