;; Attacks the job after it: renumbers and closes the standard streams, and traps. A
;; job with a payload prints to both, and returns the sum of the error numbers.
;; End: trap.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_renumber" (func $renumber (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\08\00\00\00\03\00\00\00ok\0a")
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.add
        (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))
        (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16))))))
    (drop (call $renumber (i32.const 2) (i32.const 1)))
    (drop (call $renumber (i32.const 1) (i32.const 1)))
    ;; A table of descriptors with two billion places would take gigabytes.
    (drop (call $renumber (i32.const 0) (i32.const 0x7fffffff)))
    (drop (call $close (i32.const 0)))
    (drop (call $close (i32.const 1)))
    (drop (call $close (i32.const 2)))
    (drop (call $renumber (i32.const 2) (i32.const 0x7fffffff)))
    (drop (call $close (i32.const -1)))
    (unreachable)))
