;; Attacks the host's heap, and then its time: a table that asks for four billion places
;; and, refused, asks again without end. End: deadline.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (table $t 1 externref)
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (loop $l
      (br_if $l (i32.eq (table.grow $t (ref.null extern) (i32.const 0xfffffff0)) (i32.const -1))))
    (unreachable)))
