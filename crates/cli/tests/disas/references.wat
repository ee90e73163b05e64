;; Heap references that live across calls.
(module
  (import "" "host" (func $host))
  (func $keep (param externref) (result externref)
    (call $host)
    (local.get 0))
  (func $null (result externref) (ref.null extern))
  (func $nonnull (param funcref) (result i32)
    (block $null (br_on_null $null (local.get 0)) (drop) (return (i32.const 1)))
    (i32.const 0)))
