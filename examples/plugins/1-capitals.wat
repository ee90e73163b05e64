;; A text filter: makes capitals of small letters, in place.
(module
  (memory (export "memory") 1)
  (global $end (mut i32) (i32.const 0))

  ;; Gives the address of room for a text.
  (func $allocate (export "allocate") (param $length i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $end))
    (global.set $end (i32.add (global.get $end) (local.get $length)))
    (block $enough
      (br_if $enough (i32.le_u (global.get $end) (i32.mul (memory.size) (i32.const 0x10000))))
      (if (i32.eq (i32.const -1)
            (memory.grow (i32.add (i32.div_u (local.get $length) (i32.const 0x10000)) (i32.const 1))))
        (then (unreachable))))
    (local.get $at))

  ;; Filters the text and gives address and length of the result.
  (func $filter (export "filter") (param $at i32) (param $length i32) (result i32 i32)
    (local $i i32)
    (local $byte i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $length)))
        (local.set $byte (i32.load8_u (i32.add (local.get $at) (local.get $i))))
        (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 97)) (i32.const 26))
          (then (i32.store8 (i32.add (local.get $at) (local.get $i)) (i32.sub (local.get $byte) (i32.const 32)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $at) (local.get $length)))
