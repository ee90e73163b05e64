;; Throwing and catching.
(module
  (tag $t (param i32 f64))
  (func $throw (param i32) (throw $t (local.get 0) (f64.const 1)))
  (func $catch (param i32) (result i32)
    (block $caught (result i32 f64)
      (try_table (catch $t $caught) (call $throw (local.get 0)))
      (return (i32.const 0)))
    (drop))
  (func $rethrow (param i32)
    (block $caught (result exnref)
      (try_table (catch_all_ref $caught) (call $throw (local.get 0)))
      (return))
    (throw_ref)))
