;; Attacks a limit that is one table's: eight tables, each grown until it may not. The
;; sum of them has a limit. End: success; exit_code where the sum went beyond 1,048,576.
(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (table $t0 1 funcref)
  (table $t1 1 funcref)
  (table $t2 1 funcref)
  (table $t3 1 funcref)
  (table $t4 1 funcref)
  (table $t5 1 funcref)
  (table $t6 1 funcref)
  (table $t7 1 funcref)
  (func (export "henge_run") (result i32)
    (if (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (then (return (i32.const 0))))
    (loop $l0 (br_if $l0 (i32.ne (table.grow $t0 (ref.null func) (i32.const 8192)) (i32.const -1))))
    (loop $l1 (br_if $l1 (i32.ne (table.grow $t1 (ref.null func) (i32.const 8192)) (i32.const -1))))
    (loop $l2 (br_if $l2 (i32.ne (table.grow $t2 (ref.null func) (i32.const 8192)) (i32.const -1))))
    (loop $l3 (br_if $l3 (i32.ne (table.grow $t3 (ref.null func) (i32.const 8192)) (i32.const -1))))
    (loop $l4 (br_if $l4 (i32.ne (table.grow $t4 (ref.null func) (i32.const 8192)) (i32.const -1))))
    (loop $l5 (br_if $l5 (i32.ne (table.grow $t5 (ref.null func) (i32.const 8192)) (i32.const -1))))
    (loop $l6 (br_if $l6 (i32.ne (table.grow $t6 (ref.null func) (i32.const 8192)) (i32.const -1))))
    (loop $l7 (br_if $l7 (i32.ne (table.grow $t7 (ref.null func) (i32.const 8192)) (i32.const -1))))
    (i32.gt_u
      (i32.add
        (i32.add (i32.add (table.size $t0) (table.size $t1)) (i32.add (table.size $t2) (table.size $t3)))
        (i32.add (i32.add (table.size $t4) (table.size $t5)) (i32.add (table.size $t6) (table.size $t7))))
      (i32.const 1048576))))
