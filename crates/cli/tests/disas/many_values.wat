;; Parameters and results that don't fit registers.
(module
  (func $params (param i32 i32 i32 i32 i32 i32 i32 i64 f64) (result i64)
    (i64.add (i64.extend_i32_u (local.get 6)) (local.get 7)))
  (func $calls (result i64)
    (call $params (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6)
      (i32.const 7) (i64.const 8) (f64.const 9)))
  (func $results (param i32) (result i32 i32 i32 i32 i32 i32 i32 i32)
    (local.get 0) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6)
    (local.get 0))
  (func $takes (param i32) (result i32)
    (call $results (local.get 0))
    i32.add i32.add i32.add i32.add i32.add i32.add i32.add))

;;| func[0] $params: type 0 (i32 i32 i32 i32 i32 i32 i32 i64 f64) -> (i64), 8 bytes at 0x38
;;| frame: 96 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x58
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|     mov [rbp-0x20], rdx
;;|     mov [rbp-0x28], rcx
;;|     mov [rbp-0x30], r8
;;|     mov [rbp-0x38], r9
;;|     vmovsd [rbp-0x50], xmm0
;;|     mov r11, [rbp+0x10]
;;|     mov [rbp-0x40], r11
;;|     mov r11, [rbp+0x18]
;;|     mov [rbp-0x48], r11
;;|   local.get 6
;;|   i64.extend_i32_u
;;|     mov eax, [rbp-0x40]
;;|   local.get 7
;;|   i64.add
;;|     add rax, [rbp-0x48]
;;|     leave
;;|     ret 0x10
;;|
;;| func[1] $calls: type 1 () -> (i64), 29 bytes at 0x41
;;| frame: 96 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L1
;;| L0:
;;|     sub rsp, 0x58
;;|   i32.const 1
;;|   i32.const 2
;;|   i32.const 3
;;|   i32.const 4
;;|   i32.const 5
;;|   i32.const 6
;;|   i32.const 7
;;|   i64.const 8
;;|   f64.const 0x1.2p+3 (;=9;)
;;|   call $params
;;|     mov r11d, 7
;;|     mov [rsp], r11
;;|     mov r11d, 8
;;|     mov [rsp+8], r11
;;|     mov edi, 1
;;|     mov esi, 2
;;|     mov edx, 3
;;|     mov ecx, 4
;;|     mov r8d, 5
;;|     mov r9d, 6
;;|     vmovsd xmm0, [constant-8]
;;|     call $params
;;|     lea rsp, [rsp-0x10]
;;|     leave
;;|     ret
;;| L1:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
;;| constant-8: 00 00 00 00 00 00 22 40
;;|
;;| func[2] $results: type 2 (i32) -> (i32 i32 i32 i32 i32 i32 i32 i32), 18 bytes at 0x5f
;;| frame: 96 bytes, home slots below rbp - 16
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x58
;;|     mov [rbp-0x10], r10
;;|     mov r9d, edi
;;|   local.get 0
;;|   i32.const 1
;;|   i32.const 2
;;|   i32.const 3
;;|   i32.const 4
;;|   i32.const 5
;;|   i32.const 6
;;|   local.get 0
;;|     mov [rbp-0x20], r9
;;|     mov qword ptr [rbp-0x28], 1
;;|     mov qword ptr [rbp-0x30], 2
;;|     mov qword ptr [rbp-0x38], 3
;;|     mov qword ptr [rbp-0x40], 4
;;|     mov qword ptr [rbp-0x48], 5
;;|     mov qword ptr [rbp-0x50], 6
;;|     mov [rbp-0x58], r9
;;|     mov r11, [rbp-0x10]
;;|     mov rax, [rbp-0x50]
;;|     mov [r11], rax
;;|     mov rax, [rbp-0x58]
;;|     mov [r11+8], rax
;;|     mov eax, [rbp-0x20]
;;|     mov edx, [rbp-0x28]
;;|     mov ecx, [rbp-0x30]
;;|     mov esi, [rbp-0x38]
;;|     mov edi, [rbp-0x40]
;;|     mov r8d, [rbp-0x48]
;;|     leave
;;|     ret
;;|
;;| func[3] $takes: type 3 (i32) -> (i32), 13 bytes at 0x72
;;| frame: 96 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L1
;;| L0:
;;|     sub rsp, 0x58
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   call $results
;;|     mov edi, [rbp-0x10]
;;|     lea r10, [rsp]
;;|     call $results
;;|     mov [rbp-0x18], rax
;;|     mov [rbp-0x20], rdx
;;|     mov [rbp-0x28], rcx
;;|     mov [rbp-0x30], rsi
;;|     mov [rbp-0x38], rdi
;;|     mov [rbp-0x40], r8
;;|     mov r11d, [rsp]
;;|     mov [rbp-0x48], r11
;;|     mov r11d, [rsp+8]
;;|     mov [rbp-0x50], r11
;;|   i32.add
;;|     mov eax, [rbp-0x48]
;;|     add eax, [rbp-0x50]
;;|   i32.add
;;|     mov ecx, [rbp-0x40]
;;|     add ecx, eax
;;|   i32.add
;;|     mov eax, [rbp-0x38]
;;|     add eax, ecx
;;|   i32.add
;;|     mov ecx, [rbp-0x30]
;;|     add ecx, eax
;;|   i32.add
;;|     mov eax, [rbp-0x28]
;;|     add eax, ecx
;;|   i32.add
;;|     mov ecx, [rbp-0x20]
;;|     add ecx, eax
;;|   i32.add
;;|     mov eax, [rbp-0x18]
;;|     add eax, ecx
;;|     leave
;;|     ret
;;| L1:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
