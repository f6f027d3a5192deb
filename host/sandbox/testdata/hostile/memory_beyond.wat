;; Attacks what lies behind its memory: an address and an offset that together are
;; beyond 4 GiB, and must not wrap around to its first byte. End: trap.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (i32.load8_u offset=0xffffffff (i32.const 0xffffffff))))
