;; A WASI command that tries to open a file at every directory it could have been
;; given, and exits with the number of those that worked. End: success.
(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "etc/passwd")
  (func (export "_start") (local $fd i32) (local $opened i32)
    (loop $l
      (if (i32.eqz (call $open (local.get $fd) (i32.const 0) (i32.const 0) (i32.const 10)
            (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64)))
        (then (local.set $opened (i32.add (local.get $opened) (i32.const 1)))))
      (local.set $fd (i32.add (local.get $fd) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $fd) (i32.const 100))))
    (call $exit (local.get $opened))))
