;; Branch tables: with a jump table, and with too few targets for one; with a value.
(module
  (func $many (param i32) (result i32)
    (block $a (block $b (block $c (block $d (block $e
      (br_table $a $b $c $d $e $a (local.get 0)))
      (return (i32.const 10)))
      (return (i32.const 11)))
      (return (i32.const 12)))
      (return (i32.const 13)))
    (i32.const 14))
  (func $few (param i32) (result i32)
    (block $a (br_table $a (local.get 0)))
    (i32.const 1))
  (func $value (param i32) (result i32)
    (block $a (result i32)
      (i32.add (i32.const 100)
        (block $b (result i32) (br_table $a $b $a (i32.const 7) (local.get 0)))))))
