;; An engine that reports a failure and then returns 0: the return counts.
;; End: success.
(module
  (import "henge_job_v1" "fail" (func $fail (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\"message\":\"m\"}")
  (func (export "henge_run") (result i32)
    (drop (call $fail (i32.const 0) (i32.const 15) (i32.const 0) (i32.const 0)))
    (i32.const 0)))
