;; An engine that reports a byte of memory, a global and a place in its table as it
;; found them, and then changes them: "\00" for each that is as it was. It also
;; gives 16 random bytes of the host's and 16 of WASI's. End: success.
(module
  (import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
  (import "henge_clock_v1" "random" (func $random (param i32 i32 i32 i32) (result i64)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $g (mut i32) (i32.const 0))
  (table $t 2 funcref)
  (func $any)
  (elem declare func $any)
  (data (i32.const 100) "\10\00\00\00")
  (func (export "henge_run") (result i32)
    (i32.store8 (i32.const 0) (i32.load8_u (i32.const 5000)))
    (i32.store8 (i32.const 1) (global.get $g))
    (i32.store8 (i32.const 2) (i32.eqz (ref.is_null (table.get $t (i32.const 1)))))
    (i32.store8 (i32.const 5000) (i32.const 7))
    (global.set $g (i32.const 7))
    (table.set $t (i32.const 1) (ref.func $any))
    (drop (call $random (i32.const 100) (i32.const 4) (i32.const 3) (i32.const 16)))
    (drop (call $random_get (i32.const 19) (i32.const 16)))
    (drop (call $output (i32.const 0) (i32.const 35) (i32.const 0) (i32.const 0)))
    (i32.const 0)))
