;; SIMD: n steps of 16 bytes each.
(module
  (memory 2 2)

  ;; A dot product of 16-bit integers: two loads, a multiplication, an addition.
  (func (export "dot") (param $n i64) (result i64)
    (local $a i32) (local $sum v128)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (memory.fill (i32.const 0) (i32.const 3) (i32.const 0x20000))
    (loop $next
      (local.set $a (i32.and (i32.shl (i32.wrap_i64 (local.get $n)) (i32.const 4)) (i32.const 0xfff0)))
      (local.set $sum
        (i32x4.add (local.get $sum)
          (i32x4.dot_i16x8_s (v128.load (local.get $a)) (v128.load offset=65536 (local.get $a)))))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (i64.add (i64x2.extract_lane 0 (local.get $sum)) (i64x2.extract_lane 1 (local.get $sum))))

  ;; Multiplication and addition of floats, one chain.
  (func (export "madd") (param $n i64) (result i64)
    (local $sum v128)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (loop $next
      (local.set $sum
        (f32x4.add (f32x4.mul (local.get $sum) (v128.const f32x4 0.5 0.25 0.5 0.25))
          (f32x4.splat (f32.convert_i64_u (i64.and (local.get $n) (i64.const 255))))))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (i64x2.extract_lane 0 (local.get $sum)))

  ;; Bytes: shuffle, compare, select, count.
  (func (export "bytes") (param $n i64) (result i64)
    (local $v v128) (local $count i64)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (loop $next
      (local.set $v
        (i8x16.add (i8x16.shuffle 15 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 (local.get $v) (local.get $v))
          (i8x16.splat (i32.wrap_i64 (local.get $n)))))
      (local.set $count
        (i64.add (local.get $count)
          (i64.extend_i32_u (i32.popcnt (i8x16.bitmask (i8x16.gt_u (local.get $v) (i8x16.splat (i32.const 127))))))))
      (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (local.get $count)))
