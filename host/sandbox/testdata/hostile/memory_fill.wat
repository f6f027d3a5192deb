;; Attacks a clock that counts instructions: one that writes all of its 16 MiB, in an endless
;; loop. End: deadline.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 256)
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (loop $l
      (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x1000000))
      (br $l))
    (unreachable)))
