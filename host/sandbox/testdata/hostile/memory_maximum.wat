;; Takes all that it declared, page by page, and uses the last byte of it. What is
;; beyond is refused, and touching it would trap. End: success.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1 32)
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (loop $more
      (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (i32.store8 (i32.const 0x1fffff) (i32.const 7))
    (i32.or
      (i32.ne (memory.size) (i32.const 32))
      (i32.ne (i32.load8_u (i32.const 0x1fffff)) (i32.const 7)))))
