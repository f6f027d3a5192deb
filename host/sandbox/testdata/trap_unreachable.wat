;; An engine that executes unreachable. End: trap.
(module
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32)
    (unreachable)))
