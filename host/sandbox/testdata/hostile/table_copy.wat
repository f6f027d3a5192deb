;; Attacks a clock that counts instructions: one that moves a million places of a table
;; by one, in an endless loop. End: deadline.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (table $t 1000000 funcref)
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (loop $l
      (table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 999999))
      (br $l))
    (unreachable)))
