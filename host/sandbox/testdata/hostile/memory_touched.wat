;; Attacks a host that promises more memory than it has: takes all that it may and
;; writes to each page, so that it really takes it. End: success.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32) (local $at i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (loop $more
      (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (loop $touch
      (i32.store8 (local.get $at) (i32.const 7))
      (local.set $at (i32.add (local.get $at) (i32.const 4096)))
      (br_if $touch (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536)))))
    (i32.const 0)))
