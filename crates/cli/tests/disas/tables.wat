;; Tables of functions and of host references.
(module
  (table $f 10 20 funcref)
  (table $x 10 externref)
  (func $get (param i32) (result funcref) (table.get $f (local.get 0)))
  (func $get_extern (param i32) (result externref) (table.get $x (local.get 0)))
  (func $set (param i32 externref) (table.set $x (local.get 0) (local.get 1)))
  (func $size (result i32) (table.size $f))
  (func $grow (param externref) (result i32) (table.grow $x (local.get 0) (i32.const 1)))
  (func $null (param funcref) (result i32) (ref.is_null (local.get 0)))
  (func $self (result funcref) (ref.func $self))
  (elem declare func $self))
