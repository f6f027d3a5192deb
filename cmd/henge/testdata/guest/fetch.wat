;; A runner that sends its payload to http.fetch as it is, and gives back the
;; reply or, as its failure, the error's message.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
  (import "henge_job_v1" "take" (func $take (param i32 i32 i32 i32) (result i64)))
  (import "henge_http_v1" "fetch" (func $fetch (param i32 i32 i32 i32) (result i64)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "henge_run") (result i32)
    (local $n i64)
    (local.set $n (call $input (i32.const 0) (i32.const 0) (i32.const 64) (i32.const 60000)))
    (local.set $n (call $fetch (i32.const 64) (i32.wrap_i64 (local.get $n)) (i32.const 65536) (i32.const 65536)))
    (if (i64.ge_s (local.get $n) (i64.const 0))
      (then
        (drop (call $output (i32.const 65536) (i32.wrap_i64 (local.get $n)) (i32.const 0) (i32.const 0)))
        (return (i32.const 0))))
    (local.set $n (call $take (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 65536)))
    (i32.store (i32.const 0) (i32.const 65536))
    (i32.store (i32.const 4) (i32.wrap_i64 (local.get $n)))
    (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.const 1)))
