;; An engine that returns 3 and gives no reason. End: exit_code.
(module
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32) (i32.const 3)))
