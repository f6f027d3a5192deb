;; A WASI command that exits with 0 in place of returning. End: success.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const 0)) (unreachable)))
