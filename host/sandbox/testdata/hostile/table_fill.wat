;; Attacks a clock that counts instructions: one that writes a million places of a
;; table, in an endless loop. End: deadline.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (table $t 1000000 funcref)
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (loop $l
      (table.fill $t (i32.const 0) (ref.null func) (i32.const 1000000))
      (br $l))
    (unreachable)))
