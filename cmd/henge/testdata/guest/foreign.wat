;; A module that asks for what there is not, and for one thing that there is.
(module
  (import "env" "launch" (func (param i32)))
  (import "henge_log_v1" "write" (func (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32) (i32.const 0)))
