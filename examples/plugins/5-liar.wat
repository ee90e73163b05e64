;; A plug-in whose result lies outside its memory.
(module
  (memory (export "memory") 1)
  (func $allocate (export "allocate") (param i32) (result i32) (i32.const 0))
  (func $filter (export "filter") (param i32 i32) (result i32 i32) (i32.const 0xffff_0000) (i32.const 0x7fff_ffff)))
