;; An engine that lets its table grow by 65,536 places at a time until it may not.
;; The host holds those places, so there is an end to them. Gives back the size in
;; 4 bytes. End: success.
(module
  (import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (table $t 1 funcref)
  (func (export "henge_run") (result i32)
    (loop $more
      (br_if $more (i32.and
        (i32.ne (table.grow $t (ref.null func) (i32.const 65536)) (i32.const -1))
        (i32.lt_u (table.size $t) (i32.const 0x1000000)))))
    (i32.store (i32.const 0) (table.size $t))
    (drop (call $output (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 0)))
    (i32.const 0)))
