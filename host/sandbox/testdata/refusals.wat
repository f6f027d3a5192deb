;; An engine that asks for what is used up, as often as its payload says in 4
;; bytes, and is content with the answers. End: success, or host_limit.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (import "test_v1" "full" (func $full (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32) (local $n i32)
    (drop (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4)))
    (local.set $n (i32.load (i32.const 0)))
    (loop $l
      (drop (call $full (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.const 0)))
