;; An engine that prints all of its memory 65,536 times in one call of WASI, which
;; would take minutes. End: deadline.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 64)
  (func (export "henge_run") (result i32) (local $i i32)
    (loop $l
      (i32.store offset=0 (local.get $i) (i32.const 0))
      (i32.store offset=4 (local.get $i) (i32.const 0x400000))
      (local.set $i (i32.add (local.get $i) (i32.const 8)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 0x80000))))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 0x10000) (i32.const 0x80000)))
    (i32.const 0)))
