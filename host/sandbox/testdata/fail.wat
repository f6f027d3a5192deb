;; An engine that says what is wrong and that it is not worth another attempt.
;; End: script_error, with its message.
(module
  (import "henge_job_v1" "fail" (func $fail (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\"message\":\"no good\",\"retry\":false}")
  (data (i32.const 100) "half")
  (func (export "henge_run") (result i32)
    (drop (call $output (i32.const 100) (i32.const 4) (i32.const 0) (i32.const 0)))
    (drop (call $fail (i32.const 0) (i32.const 35) (i32.const 0) (i32.const 0)))
    (i32.const 1)))
