;; Exceptions: n throws, each caught `depth` calls further out; and n try_tables that nothing is thrown through.
(module
  (tag $e (param i64))

  ;; Throws $x from $depth calls further in.
  (func $throw (param $depth i32) (param $x i64)
    (if (i32.eqz (local.get $depth)) (then (throw $e (local.get $x))))
    (call $throw (i32.sub (local.get $depth) (i32.const 1)) (local.get $x)))

  (func $loop (param $n i64) (param $depth i32) (result i64)
    (local $i i64) (local $sum i64)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (loop $next
      (block $caught (result i64)
        (try_table (catch $e $caught) (call $throw (local.get $depth) (local.get $i)))
        (unreachable))
      (local.set $sum (i64.add (local.get $sum)))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br_if $next (i64.lt_u (local.get $i) (local.get $n))))
    (local.get $sum))

  (func (export "depth1") (param i64) (result i64) (call $loop (local.get 0) (i32.const 0)))
  (func (export "depth50") (param i64) (result i64) (call $loop (local.get 0) (i32.const 49)))

  ;; Thrown and caught in one function, as a reference, and thrown again by it.
  (func (export "rethrow") (param $n i64) (result i64)
    (local $i i64) (local $sum i64)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (loop $next
      (block $caught (result i64)
        (try_table (catch $e $caught)
          (block $ref (result i64 exnref)
            (try_table (catch_ref $e $ref) (throw $e (local.get $i)))
            (unreachable))
          (throw_ref))
        (unreachable))
      (local.set $sum (i64.add (local.get $sum)))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br_if $next (i64.lt_u (local.get $i) (local.get $n))))
    (local.get $sum))

  ;; What a try_table costs when nothing is thrown.
  (func (export "untaken") (param $n i64) (result i64)
    (local $i i64) (local $sum i64)
    (if (i64.eqz (local.get $n)) (then (return (i64.const 0))))
    (loop $next
      (block $caught (result i64)
        (try_table (result i64) (catch $e $caught) (i64.add (local.get $sum) (local.get $i))))
      (local.set $sum)
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br_if $next (i64.lt_u (local.get $i) (local.get $n))))
    (local.get $sum)))
