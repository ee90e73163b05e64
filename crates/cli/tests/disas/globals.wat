;; Globals: own, imported, constant, of each class.
(module
  (import "" "i" (global $imported (mut i32)))
  (global $own (mut i64) (i64.const 1))
  (global $constant i32 (i32.const 42))
  (global $float (mut f64) (f64.const 0))
  (global $vector (mut v128) (v128.const i32x4 0 0 0 0))
  (func $next (result i64)
    (global.set $own (i64.add (global.get $own) (i64.const 1)))
    (global.get $own))
  (func $import (param i32) (result i32)
    (global.set $imported (local.get 0))
    (global.get $imported))
  (func $known (result i32) (global.get $constant))
  (func $others (global.set $float (f64.const 1.5)) (global.set $vector (global.get $vector))))

;;| func[0] $next: type 0 () -> (i64), 11 bytes at 0x5d
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|   global.get $own
;;|     mov rax, [r15+0x60]
;;|   i64.const 1
;;|   i64.add
;;|     add rax, 1
;;|   global.set $own
;;|     mov [r15+0x60], rax
;;|   global.get $own
;;|     mov rax, [r15+0x60]
;;|     leave
;;|     ret
;;|
;;| func[1] $import: type 1 (i32) -> (i32), 8 bytes at 0x69
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   global.set $imported
;;|     mov eax, [rbp-0x10]
;;|     mov r11, [r15+0xa0]
;;|     mov [r11], rax
;;|   global.get $imported
;;|     mov r11, [r15+0xa0]
;;|     mov eax, [r11]
;;|     leave
;;|     ret
;;|
;;| func[2] $known: type 2 () -> (i32), 4 bytes at 0x72
;;| frame: 16 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 8
;;|   global.get $constant
;;|     mov eax, [r15+0x70]
;;|     leave
;;|     ret
;;|
;;| func[3] $others: type 3 () -> (), 17 bytes at 0x77
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|   f64.const 0x1.8p+0 (;=1.5;)
;;|   global.set $float
;;|     vmovsd xmm0, [constant-8]
;;|     vmovsd [r15+0x80], xmm0
;;|   global.get $vector
;;|     vmovups xmm0, [r15+0x90]
;;|   global.set $vector
;;|     vmovups [r15+0x90], xmm0
;;|     leave
;;|     ret
;;| constant-8: 00 00 00 00 00 00 f8 3f
