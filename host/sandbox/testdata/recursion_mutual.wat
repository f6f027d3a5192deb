;; Two functions that call each other without end, one through a table, with
;; large frames. End: stack.
(module
  (memory (export "memory") 1)
  (type $f (func (param i64) (result i64)))
  (table funcref (elem $b))
  (func $a (type $f) (local i64 i64 i64 i64 i64 i64 i64 i64)
    (local.set 1 (i64.mul (local.get 0) (i64.const 3)))
    (local.set 2 (i64.mul (local.get 1) (i64.const 5)))
    (i64.add (local.get 2)
      (i64.add (local.get 1)
        (call_indirect (type $f) (local.get 2) (i32.const 0)))))
  (func $b (type $f) (i64.add (call $a (i64.add (local.get 0) (i64.const 1))) (local.get 0)))
  (func (export "henge_run") (result i32) (i32.wrap_i64 (call $a (i64.const 1)))))
