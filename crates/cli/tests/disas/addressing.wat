;; A memory of 32-bit addresses: offsets, sums and constants in the access itself, no check.
(module
  (memory 1)
  (func $load (param i32) (result i32) (i32.load (local.get 0)))
  (func $offset (param i32) (result i64) (i64.load offset=16 (local.get 0)))
  (func $sum (param i32 i32) (result i32) (i32.load8_u (i32.add (local.get 0) (local.get 1))))
  (func $scaled (param i32 i32) (result i32)
    (i32.load (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 2)))))
  (func $constant (result i32) (i32.load16_s offset=4 (i32.const 1000)))
  (func $large (param i32) (result i32) (i32.load offset=0x80000000 (local.get 0)))
  (func $store (param i32 i64) (i64.store offset=8 (local.get 0) (local.get 1)))
  (func $store_constant (param i32) (i32.store8 (local.get 0) (i32.const 7)))
  (func $update (param i32) (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (i32.const 1))))
  (func $floats (param i32) (f64.store (local.get 0) (f64.promote_f32 (f32.load offset=4 (local.get 0)))))
  (func $size (result i32) (memory.size))
  (func $grow (param i32) (result i32) (memory.grow (local.get 0))))

;;| func[0] $load: type 0 (i32) -> (i32), 7 bytes at 0x40
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i32.load
;;|     mov eax, [rbp-0x10]
;;|     mov r11, [r15+0x40]
;;|     mov eax, [r11+rax]                      ; trap: out of bounds memory access
;;|     leave
;;|     ret
;;|
;;| func[1] $offset: type 1 (i32) -> (i64), 7 bytes at 0x48
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i64.load offset=16
;;|     mov eax, [rbp-0x10]
;;|     mov r11, [r15+0x40]
;;|     mov rax, [r11+rax+0x10]                 ; trap: out of bounds memory access
;;|     leave
;;|     ret
;;|
;;| func[2] $sum: type 2 (i32 i32) -> (i32), 10 bytes at 0x50
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   i32.add
;;|     mov eax, [rbp-0x10]
;;|     add eax, [rbp-0x18]
;;|   i32.load8_u
;;|     mov r11, [r15+0x40]
;;|     movzx eax, byte ptr [r11+rax]           ; trap: out of bounds memory access
;;|     leave
;;|     ret
;;|
;;| func[3] $scaled: type 2 (i32 i32) -> (i32), 13 bytes at 0x5b
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   i32.const 2
;;|   i32.shl
;;|     mov eax, [rbp-0x18]
;;|   i32.add
;;|     mov ecx, [rbp-0x10]
;;|     lea ecx, [rcx+rax*4]
;;|   i32.load
;;|     mov r11, [r15+0x40]
;;|     mov ecx, [r11+rcx]                      ; trap: out of bounds memory access
;;|     mov eax, ecx
;;|     leave
;;|     ret
;;|
;;| func[4] $constant: type 3 () -> (i32), 8 bytes at 0x69
;;| frame: 16 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 8
;;|   i32.const 1000
;;|   i32.load16_s offset=4
;;|     mov r11, [r15+0x40]
;;|     movsx eax, word ptr [r11+0x3ec]
;;|     leave
;;|     ret
;;|
;;| func[5] $large: type 0 (i32) -> (i32), 11 bytes at 0x72
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i32.load offset=2147483648
;;|     mov eax, [rbp-0x10]
;;|     mov ecx, 0x80000004
;;|     add rcx, rax
;;|     jb L0
;;|     cmp rcx, [r15+0x48]
;;|     ja L1
;;|     mov r11, [r15+0x40]
;;|     add rcx, r11
;;|     mov ecx, [rcx-4]
;;|     mov eax, ecx
;;|     leave
;;|     ret
;;| L0:
;;|     ud2                                     ; trap: out of bounds memory access, of i32.load offset=2147483648
;;| L1:
;;|     ud2                                     ; trap: out of bounds memory access
;;|
;;| func[6] $store: type 4 (i32 i64) -> (), 9 bytes at 0x7e
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   i64.store offset=8
;;|     mov rax, [rbp-0x18]
;;|     mov ecx, [rbp-0x10]
;;|     mov r11, [r15+0x40]
;;|     mov [r11+rcx+8], rax                    ; trap: out of bounds memory access
;;|     leave
;;|     ret
;;|
;;| func[7] $store_constant: type 5 (i32) -> (), 9 bytes at 0x88
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i32.const 7
;;|   i32.store8
;;|     mov eax, [rbp-0x10]
;;|     mov r11, [r15+0x40]
;;|     mov byte ptr [r11+rax], 7               ; trap: out of bounds memory access
;;|     leave
;;|     ret
;;|
;;| func[8] $update: type 5 (i32) -> (), 15 bytes at 0x92
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov r9d, edi
;;|     mov r8, [r15+0x40]
;;|   local.get 0
;;|   local.get 0
;;|   i32.load
;;|     mov eax, [r8+r9]                        ; trap: out of bounds memory access
;;|   i32.const 1
;;|   i32.add
;;|     add eax, 1
;;|   i32.store
;;|     mov [r8+r9], eax                        ; trap: out of bounds memory access
;;|     leave
;;|     ret
;;|
;;| func[9] $floats: type 5 (i32) -> (), 13 bytes at 0xa2
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov r9d, edi
;;|     mov r8, [r15+0x40]
;;|   local.get 0
;;|   local.get 0
;;|   f32.load offset=4
;;|     vmovss xmm0, [r8+r9+4]                  ; trap: out of bounds memory access
;;|   f64.promote_f32
;;|     vcvtss2sd xmm0, xmm0, xmm0
;;|   f64.store
;;|     vmovsd [r8+r9], xmm0                    ; trap: out of bounds memory access
;;|     leave
;;|     ret
;;|
;;| func[10] $size: type 3 () -> (i32), 4 bytes at 0xb0
;;| frame: 16 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 8
;;|   memory.size
;;|     mov rax, [r15+0x48]
;;|     shr rax, 0x10
;;|     leave
;;|     ret
;;|
;;| func[11] $grow: type 0 (i32) -> (i32), 6 bytes at 0xb5
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L2
;;| L0:
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   memory.grow
;;|     mov rdi, r15
;;|     mov esi, 0
;;|     mov edx, [rbp-0x10]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x38]
;;|     test edx, edx
;;|     je L1
;;|     mov rax, rdx
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11]
;;| L1:
;;|     mov eax, eax
;;|     leave
;;|     ret
;;| L2:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
