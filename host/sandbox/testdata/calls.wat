;; Makes the host calls that its payload lists, and gives back what came of them.
;;
;; The payload lies at 0x8000: a count, then for each call five numbers of 32 bits:
;; place in the table below, req_ptr, req_len, out_ptr, out_cap; then any data.
;; Each result is written to 0xC000 and on, 8 bytes each, and in the end all of
;; memory is the job's result, in one piece. End: success.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "meta" (func $meta (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "progress" (func $progress (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "fail" (func $fail (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "take" (func $take (param i32 i32 i32 i32) (result i64)))
  (import "henge_log_v1" "write" (func $write (param i32 i32 i32 i32) (result i64)))
  (import "henge_clock_v1" "now" (func $now (param i32 i32 i32 i32) (result i64)))
  (import "henge_clock_v1" "monotonic" (func $monotonic (param i32 i32 i32 i32) (result i64)))
  (import "henge_clock_v1" "random" (func $random (param i32 i32 i32 i32) (result i64)))
  (import "test_v1" "echo" (func $echo (param i32 i32 i32 i32) (result i64)))
  (import "test_v1" "boom" (func $boom (param i32 i32 i32 i32) (result i64)))
  (import "test_v1" "full" (func $full (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (type $host (func (param i32 i32 i32 i32) (result i64)))
  (table funcref (elem $input $meta $output $progress $fail $take $write $now $monotonic $random $echo $boom $full))
  (func (export "henge_run") (result i32) (local $n i32) (local $i i32) (local $at i32)
    (drop (call $input (i32.const 0) (i32.const 0) (i32.const 0x8000) (i32.const 0x4000)))
    (local.set $n (i32.load (i32.const 0x8000)))
    (block $done
      (loop $next
        (br_if $done (i32.eq (local.get $i) (local.get $n)))
        (local.set $at (i32.add (i32.const 0x8004) (i32.mul (local.get $i) (i32.const 20))))
        (i64.store
          (i32.add (i32.const 0xc000) (i32.mul (local.get $i) (i32.const 8)))
          (call_indirect (type $host)
            (i32.load offset=4 (local.get $at))
            (i32.load offset=8 (local.get $at))
            (i32.load offset=12 (local.get $at))
            (i32.load offset=16 (local.get $at))
            (i32.load (local.get $at))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (drop (call $output (i32.const 0) (i32.const 0x10000) (i32.const 0) (i32.const 0)))
    (i32.const 0)))
