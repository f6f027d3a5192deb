;; Attacks an unchecked product: 2^28 subscriptions of 48 bytes are 0 bytes in 32 bits,
;; and the host would read beyond what it was given. Either it answers with an error
;; number or the job ends. End: success or trap.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (drop (call $poll (i32.const 0) (i32.const 0) (i32.const 0x10000000) (i32.const 0)))
    (i32.const 0)))
