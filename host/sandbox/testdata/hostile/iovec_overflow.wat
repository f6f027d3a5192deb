;; Attacks an unchecked product: 2^29 ranges of 8 bytes are 0 bytes in 32 bits. Either
;; it is answered with an error number, or nothing is written. End: success or trap.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 0x20000000) (i32.const 0)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 0x20000001) (i32.const 0)))
    (i32.const 0)))
