;; Attacks a count of calls by name: a function that calls itself through a table.
;; End: stack.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (type $f (func (param i32) (result i32)))
  (table funcref (elem $down))
  (func $down (type $f)
    (i32.add (i32.const 1)
      (call_indirect (type $f) (i32.add (local.get 0) (i32.const 1)) (i32.const 0))))
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (call $down (i32.const 0))))
