;;! --with-interruption
;; Code that can be interrupted: at heads of loops, and where functions begin.
(module
  (func $loop (param i32)
    (loop $next (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func $calls (param i32) (call $loop (local.get 0)))
  (func $tail (param i32) (return_call $tail (local.get 0))))
