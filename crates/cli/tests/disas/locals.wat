;; Locals that live in registers across blocks, and more than there are registers.
(module
  (memory 1)
  (func $loop (param $at i32) (param $end i32) (result i64)
    (local $sum i64) (local $weight i64)
    (local.set $weight (i64.const 1))
    (loop $next
      (local.set $sum
        (i64.add (local.get $sum) (i64.mul (local.get $weight) (i64.load (local.get $at)))))
      (local.set $weight (i64.shl (local.get $weight) (i64.const 1)))
      (br_if $next
        (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 8))) (local.get $end))))
    (local.get $sum))
  (func $nested (param $n i32) (result i32)
    (local $i i32) (local $j i32) (local $s i32)
    (loop $outer
      (local.set $j (i32.const 0))
      (loop $inner
        (local.set $s (i32.xor (local.get $s) (i32.mul (local.get $i) (local.get $j))))
        (br_if $inner (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $n))))
      (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $s))
  (func $pressure (param i32 i32 i32 i32 i32 i32) (result i32)
    (local i32 i32 i32 i32 i32 i32)
    (local.set 6 (i32.mul (local.get 0) (local.get 1)))
    (local.set 7 (i32.mul (local.get 1) (local.get 2)))
    (local.set 8 (i32.mul (local.get 2) (local.get 3)))
    (local.set 9 (i32.mul (local.get 3) (local.get 4)))
    (local.set 10 (i32.mul (local.get 4) (local.get 5)))
    (local.set 11 (i32.mul (local.get 5) (local.get 0)))
    (i32.add (local.get 0) (i32.add (local.get 1) (i32.add (local.get 2) (i32.add (local.get 3)
      (i32.add (local.get 4) (i32.add (local.get 5) (i32.add (local.get 6) (i32.add (local.get 7)
        (i32.add (local.get 8) (i32.add (local.get 9) (i32.add (local.get 10) (local.get 11)))))))))))))
  (func $swap (param i32 i32) (result i32 i32)
    (local i32)
    (local.set 2 (local.get 0))
    (local.set 0 (local.get 1))
    (local.set 1 (local.get 2))
    (local.get 0) (local.get 1)))
