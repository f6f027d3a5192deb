;; Makes the host calls that its payload lists, and gives back what came of each.
;;
;; The payload lies at 0x10000: for each call its place in the table below and
;; the length of its request, 32 bits each, and the request. The result has for
;; each call the host's result and the length of what follows, 64 bits each, and
;; then the reply or the error's message. End: success.
(module
  (type $host (func (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "input" (func $input (type $host)))
  (import "henge_job_v1" "output" (func $output (type $host)))
  (import "henge_job_v1" "take" (func $take (type $host)))
  (import "henge_job_v1" "meta" (func $meta (type $host)))
  (import "henge_log_v1" "write" (func $write (type $host)))
  (import "henge_clock_v1" "now" (func $now (type $host)))
  (import "henge_clock_v1" "random" (func $random (type $host)))
  (import "henge_redis_v1" "do" (func $do (type $host)))
  (import "henge_kv_v1" "get" (func $get (type $host)))
  (import "henge_kv_v1" "set" (func $set (type $host)))
  (import "henge_http_v1" "fetch" (func $fetch (type $host)))
  (import "test_v1" "echo" (func $echo (type $host)))
  (import "test_v1" "conflict" (func $conflict (type $host)))
  (table funcref (elem $meta $write $now $random $do $get $set $fetch $echo $conflict))
  (memory (export "memory") 3)
  (func (export "henge_run") (result i32) (local $at i32) (local $end i32) (local $n i32) (local $code i64)
    (local.set $at (i32.const 0x10000))
    (local.set $end (i32.add (local.get $at) (i32.wrap_i64
      (call $input (i32.const 0) (i32.const 0) (local.get $at) (i32.const 0x10000)))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $n (i32.load offset=4 (local.get $at)))
        (local.set $code (call_indirect (type $host)
          (i32.add (local.get $at) (i32.const 8)) (local.get $n)
          (i32.const 0x4000) (i32.const 0x8000)
          (i32.load (local.get $at))))
        (i64.store (i32.const 0) (local.get $code))
        (if (i64.lt_s (local.get $code) (i64.const 0))
          (then (local.set $code (call $take (i32.const 0) (i32.const 0) (i32.const 0x4000) (i32.const 0x8000)))))
        (i64.store (i32.const 8) (local.get $code))
        (drop (call $output (i32.const 0) (i32.const 16) (i32.const 0) (i32.const 0)))
        (drop (call $output (i32.const 0x4000) (i32.wrap_i64 (local.get $code)) (i32.const 0) (i32.const 0)))
        (local.set $at (i32.add (i32.add (local.get $at) (i32.const 8)) (local.get $n)))
        (br $next)))
    (i32.const 0)))
