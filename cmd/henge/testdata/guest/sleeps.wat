;; Sleeps for ten minutes, unless it is stopped.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\01")                      ;; the monotonic clock
  (data (i32.const 24) "\00\70\c9\b2\8b\00\00\00") ;; nanoseconds
  (func (export "henge_run") (result i32)
    (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))))
