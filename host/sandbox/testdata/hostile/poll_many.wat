;; Attacks a clock that does not run while the host works: 300,000 subscriptions to
;; standard input in one call, without end. End: deadline.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 256)
  (func (export "henge_run") (result i32) (local $at i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    ;; 48 bytes each, with the kind in the ninth: 1 is to read.
    (loop $more
      (i32.store8 offset=8 (local.get $at) (i32.const 1))
      (local.set $at (i32.add (local.get $at) (i32.const 48)))
      (br_if $more (i32.lt_u (local.get $at) (i32.const 14400000))))
    (loop $l
      (drop (call $poll (i32.const 0) (i32.const 0) (i32.const 300000) (i32.const 16)))
      (br $l))
    (unreachable)))
