;; An engine that calls an empty place of its table. End: trap.
(module
  (memory (export "memory") 1)
  (table 1 funcref)
  (type $f (func (result i32)))
  (func (export "henge_run") (result i32) (call_indirect (type $f) (i32.const 0))))
