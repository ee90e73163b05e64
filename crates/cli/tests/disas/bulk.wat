;; Operators on whole memories and tables.
(module
  (memory 1)
  (table $t 10 funcref)
  (data $d "data")
  (elem $e func $fill)
  (func $fill (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func $copy (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func $copy_some (param i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 16)))
  (func $init (param i32) (memory.init $d (local.get 0) (i32.const 0) (i32.const 4)) (data.drop $d))
  (func $tables (param i32)
    (table.init $t $e (local.get 0) (i32.const 0) (i32.const 1))
    (table.copy (i32.const 0) (local.get 0) (i32.const 1))
    (elem.drop $e)))
