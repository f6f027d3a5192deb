;; Attacks an engine that moves memory whenever it grows: by no pages, without end.
;; End: deadline.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 64)
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (loop $l
      (drop (memory.grow (i32.const 0)))
      (br $l))
    (unreachable)))
