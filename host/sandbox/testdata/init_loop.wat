;; A module whose henge_init never returns if the host says so. End: deadline.
(module
  (import "test_v1" "flag" (func $flag (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "henge_init")
    (if (i64.gt_s (call $flag (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8)) (i64.const 0))
      (then (loop $l (br $l)))))
  (func (export "henge_run") (result i32) (i32.const 0)))
