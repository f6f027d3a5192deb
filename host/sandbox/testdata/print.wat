;; An engine that writes to its standard streams: what it prints is its log.
;; End: success.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\0a\00\00\00")
  (data (i32.const 16) "one\0d\0atwo\ff\0a")
  (data (i32.const 40) "\38\00\00\00\04\00\00\00")
  (data (i32.const 56) "three")
  (func (export "henge_run") (result i32)
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (drop (call $write (i32.const 2) (i32.const 40) (i32.const 1) (i32.const 8)))
    (i32.const 0)))
