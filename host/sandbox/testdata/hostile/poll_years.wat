;; Attacks the worker's patience: two subscriptions to the clock, both for 292 years, and
;; one to standard input, where nothing will come. End: deadline.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; Kind 0, clock 1, 2^63-1 ns; the subscriptions are 48 bytes each.
  (data (i32.const 8) "\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\ff\ff\ff\ff\ff\ff\ff\7f")
  (data (i32.const 56) "\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\ff\ff\ff\ff\ff\ff\ff\7f")
  (data (i32.const 104) "\01")
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    ;; First with standard input, then with the clock alone.
    (drop (call $poll (i32.const 0) (i32.const 1000) (i32.const 3) (i32.const 2000)))
    (loop $l
      (drop (call $poll (i32.const 0) (i32.const 1000) (i32.const 2) (i32.const 2000)))
      (br $l))
    (unreachable)))
