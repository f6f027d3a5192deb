;; An engine that writes ten thousand lines to the log and does not care.
;; End: success.
(module
  (import "henge_log_v1" "write" (func $write (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\"text\":\"x\"}")
  (func (export "henge_run") (result i32) (local $i i32)
    (loop $l
      (drop (call $write (i32.const 0) (i32.const 12) (i32.const 0) (i32.const 0)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 10000))))
    (i32.const 0)))
