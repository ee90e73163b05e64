;;! --with-fuel
;; Code that charges fuel.
(module
  (func $loop (param i32) (result i32)
    (local i32)
    (loop $next
      (local.set 1 (i32.add (local.get 1) (local.get 0)))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func $straight (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3))))
