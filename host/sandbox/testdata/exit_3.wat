;; An engine that exits in the middle of a job. End: exit_code.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32)
    (call $exit (i32.const 3))
    (i32.const 0)))
