;; Attacks a budget with the one call that works when it is used up: fail, without end.
;; End: deadline.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "fail" (func $fail (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\"message\":\"m\"}")
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (loop $l
      (drop (call $fail (i32.const 0) (i32.const 15) (i32.const 0) (i32.const 0)))
      (br $l))
    (unreachable)))
