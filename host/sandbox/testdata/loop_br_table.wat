;; An engine that never returns, with a loop that goes on through br_table only.
;; End: deadline.
(module
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32) (local i32)
    (block $out
      (loop $l
        (local.set 0 (i32.xor (local.get 0) (i32.const 1)))
        (br_table $l $l $out (local.get 0))))
    (i32.const 0)))
