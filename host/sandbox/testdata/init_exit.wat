;; A module whose henge_init exits with 0 if the host says so: its job has not
;; been done. End: trap.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "test_v1" "flag" (func $flag (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "henge_init")
    (if (i64.gt_s (call $flag (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8)) (i64.const 0))
      (then (call $exit (i32.const 0)))))
  (func (export "henge_run") (result i32) (i32.const 0)))
