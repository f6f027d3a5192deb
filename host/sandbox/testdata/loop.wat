;; An engine that never returns. End: deadline, or whatever stops it.
(module
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32)
    (loop $l (br $l))
    (unreachable)))
