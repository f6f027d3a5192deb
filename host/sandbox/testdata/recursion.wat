;; An engine that calls itself without end. End: stack.
(module
  (memory (export "memory") 1)
  (func $down (param i32) (result i32)
    (i32.add (call $down (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func (export "henge_run") (result i32) (call $down (i32.const 0))))
