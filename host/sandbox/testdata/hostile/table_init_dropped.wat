;; Reads an element segment that it has dropped. End: trap.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (table $t 1 funcref)
  (func $nothing)
  (elem $e func $nothing)
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (elem.drop $e)
    (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))
    (i32.const 0)))
