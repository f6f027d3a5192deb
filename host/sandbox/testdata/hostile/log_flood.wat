;; Attacks the host's memory: writes to the log without end. What is beyond the log's
;; limit is dropped, and the calls are counted. End: host_limit.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (import "henge_log_v1" "write" (func $write (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\"text\":\"x\"}")
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (loop $l
      (drop (call $write (i32.const 0) (i32.const 12) (i32.const 0) (i32.const 0)))
      (br $l))
    (unreachable)))
