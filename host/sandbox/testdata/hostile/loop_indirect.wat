;; Attacks a check that stands only where a function is called by name: all that the
;; loop does is a call through a table. End: deadline.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (type $f (func))
  (table funcref (elem $nothing))
  (func $nothing (type $f))
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (loop $l
      (call_indirect (type $f) (i32.const 0))
      (br $l))
    (unreachable)))
