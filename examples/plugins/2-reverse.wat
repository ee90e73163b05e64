;; A text filter: turns the text round, and says so.
(module
  (import "host" "log" (func $log (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "turning it round")

  (func $allocate (export "allocate") (param $length i32) (result i32)
    (if (i32.gt_u (local.get $length) (i32.const 0x8000)) (then (unreachable)))
    (i32.const 64))

  (func $filter (export "filter") (param $at i32) (param $length i32) (result i32 i32)
    (local $i i32)
    (call $log (i32.const 0) (i32.const 16))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $length)))
        (i32.store8
          (i32.sub (i32.add (i32.const 0x8000) (local.get $length)) (i32.add (local.get $i) (i32.const 1)))
          (i32.load8_u (i32.add (local.get $at) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (i32.const 0x8000) (local.get $length)))
