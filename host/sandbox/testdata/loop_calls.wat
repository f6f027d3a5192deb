;; An engine that never returns and spends its time in host calls. End: deadline,
;; or host_limit where those are few.
(module
  (import "henge_clock_v1" "now" (func $now (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32)
    (loop $l
      (drop (call $now (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8)))
      (br $l))
    (unreachable)))
