;; Attacks a check that is reached by falling into a loop: the way back is a br_if out
;; of nested blocks, and each turn leaves the loop and enters it again. End: deadline.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (loop $outer
      (block $again
        (loop $inner
          (br_if $again (i32.const 1))
          (br $inner)))
      (br_if $outer (i32.const 1)))
    (i32.const 0)))
