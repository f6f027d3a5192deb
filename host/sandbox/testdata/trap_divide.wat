;; An engine that divides by zero. End: trap.
(module
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32)
    (i32.div_s (i32.const 1) (i32.const 0))))
