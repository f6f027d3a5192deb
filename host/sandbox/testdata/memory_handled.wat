;; An engine that takes memory until it gets no more, and is content with that.
;; End: success.
(module
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32)
    (loop $more
      (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (i32.const 0)))
