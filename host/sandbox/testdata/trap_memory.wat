;; An engine that reads beyond its memory. End: trap.
(module
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32)
    (i32.load (i32.const 65533))))
