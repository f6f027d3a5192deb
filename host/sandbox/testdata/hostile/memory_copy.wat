;; Attacks a clock that counts instructions: one that moves all of its 16 MiB by one byte, in an endless
;; loop. End: deadline.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 256)
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (loop $l
      (memory.copy (i32.const 1) (i32.const 0) (i32.const 0xffffff))
      (br $l))
    (unreachable)))
