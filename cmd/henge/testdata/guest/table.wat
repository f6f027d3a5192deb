;; A module that changes a table, which cannot be put back from outside.
(module
  (memory (export "memory") 1)
  (table 1 funcref)
  (func (export "henge_run") (result i32)
    (table.set (i32.const 0) (ref.null func))
    (i32.const 0)))
