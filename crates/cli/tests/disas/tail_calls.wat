;; Tail calls: to itself, with more and fewer stack parameters, through a table, to the host.
(module
  (type $one (func (param i32) (result i32)))
  (import "" "host" (func $host (type $one)))
  (table 4 4 funcref)
  (func $loop (param i64 i64) (result i64)
    (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call $loop (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 1) (local.get 0))))
  (func $few (param i32) (result i32)
    (return_call $many (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6)
      (i32.const 7) (local.get 0)))
  (func $many (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (return_call $few (local.get 7)))
  (func $indirect (type $one) (return_call_indirect (type $one) (local.get 0) (local.get 0)))
  (func $import (type $one) (return_call $host (local.get 0))))

;;| func[1] $loop: type 1 (i64 i64) -> (i64), 23 bytes at 0x40
;;| frame: 48 bytes, home slots below rbp - 8
;;| L0:
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L4
;;| L1:
;;|     sub rsp, 0x28
;;|     mov [rbp-0x18], rsi
;;|     mov r9, rdi
;;|   local.get 0
;;|   i64.eqz
;;|     test r9, r9
;;|   if
;;|     jne L2
;;|   local.get 1
;;|   return
;;|     mov rax, [rbp-0x18]
;;|     jmp L3
;;| L2:
;;|   end
;;|   local.get 0
;;|   i64.const 1
;;|   i64.sub
;;|     lea rax, [r9-1]
;;|   local.get 1
;;|   local.get 0
;;|   i64.add
;;|     mov rcx, [rbp-0x18]
;;|     add rcx, r9
;;|   return_call $loop
;;|     mov rdi, rax
;;|     mov rsi, rcx
;;|     leave
;;|     jmp L0
;;| L3:
;;|     leave
;;|     ret
;;| L4:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L1
;;|
;;| func[2] $few: type 0 (i32) -> (i32), 20 bytes at 0x58
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
;;|   i32.const 1
;;|   i32.const 2
;;|   i32.const 3
;;|   i32.const 4
;;|   i32.const 5
;;|   i32.const 6
;;|   i32.const 7
;;|   local.get 0
;;|   return_call $many
;;|     mov r11d, 7
;;|     mov [rsp], r11
;;|     mov r11d, [rbp-0x10]
;;|     mov [rsp+8], r11
;;|     mov edi, 1
;;|     mov esi, 2
;;|     mov edx, 3
;;|     mov ecx, 4
;;|     mov r8d, 5
;;|     mov r9d, 6
;;|     mov r11, [rbp+8]
;;|     vmovsd xmm14, [rbp]
;;|     vmovups xmm15, [rsp]
;;|     vmovups [rbp], xmm15
;;|     lea rsp, [rbp]
;;|     vmovq rbp, xmm14
;;|     push r11
;;|     jmp $many
;;|     leave
;;|     ret
;;| L1:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
;;|
;;| func[3] $many: type 2 (i32 i32 i32 i32 i32 i32 i32 i32) -> (i32), 6 bytes at 0x6d
;;| frame: 80 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L1
;;| L0:
;;|     sub rsp, 0x48
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|     mov [rbp-0x20], rdx
;;|     mov [rbp-0x28], rcx
;;|     mov [rbp-0x30], r8
;;|     mov [rbp-0x38], r9
;;|     mov r11, [rbp+0x10]
;;|     mov [rbp-0x40], r11
;;|     mov r11, [rbp+0x18]
;;|     mov [rbp-0x48], r11
;;|   local.get 7
;;|   return_call $few
;;|     mov edi, [rbp-0x48]
;;|     mov r11, [rbp+8]
;;|     vmovsd xmm14, [rbp]
;;|     lea rsp, [rbp+0x20]
;;|     vmovq rbp, xmm14
;;|     push r11
;;|     jmp $few
;;|     leave
;;|     ret 0x10
;;| L1:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
;;|
;;| func[4] $indirect: type 0 (i32) -> (i32), 9 bytes at 0x74
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L3
;;| L0:
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   local.get 0
;;|   return_call_indirect (type $one)
;;|     mov eax, [rbp-0x10]
;;|     cmp rax, 4
;;|     jae L4
;;|     mov rcx, rax
;;|     mov r11, [r15+0x60]
;;|     mov rax, rcx
;;|     shl rax, 5
;;|     add rax, r11
;;|     mov r11, [r15+0x28]
;;|     mov r11d, [r11]
;;|     cmp r11d, [rax+0x10]
;;|     jne L5
;;| L1:
;;|     mov edi, [rbp-0x10]
;;|     mov r11, [rax+8]
;;|     cmp dword ptr [r11], 0x74736f68
;;|     je L7
;;|     leave
;;|     mov r15, [rax+8]
;;|     jmp qword ptr [rax]
;;| L2:
;;|     leave
;;|     ret
;;| L3:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
;;| L4:
;;|     ud2                                     ; trap: undefined element, of return_call_indirect (type $one)
;;| L5:
;;|     mov rdx, rcx
;;|     mov esi, 0
;;|     mov rdi, r15
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x60]
;;|     test edx, edx
;;|     je L6
;;|     mov rax, rdx
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11]
;;| L6:
;;|     test rax, rax
;;|     je L8
;;|     mov [rbp-0x20], rax
;;|     mov rdx, [r15+0x28]
;;|     mov edx, [rdx]
;;|     mov esi, [rax+0x10]
;;|     mov rdi, r15
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0xb0]
;;|     test eax, eax
;;|     je L9
;;|     mov rax, [rbp-0x20]
;;|     jmp L1
;;| L7:
;;|     mov r15, [rax+8]
;;|     call qword ptr [rax]
;;|     mov r15, [rbp-8]
;;|     jmp L2
;;| L8:
;;|     ud2                                     ; trap: uninitialized element
;;| L9:
;;|     ud2                                     ; trap: indirect call type mismatch
;;|
;;| func[5] $import: type 0 (i32) -> (i32), 6 bytes at 0x7e
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
;;|   return_call $host
;;|     mov edi, [rbp-0x10]
;;|     lea rax, [r15+0x80]
;;|     mov r11, [rax+8]
;;|     cmp dword ptr [r11], 0x74736f68
;;|     je L3
;;|     leave
;;|     mov r15, [rax+8]
;;|     jmp qword ptr [rax]
;;| L1:
;;|     leave
;;|     ret
;;| L2:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
;;| L3:
;;|     mov r15, [rax+8]
;;|     call qword ptr [rax]                    ; of return_call $host
;;|     mov r15, [rbp-8]
;;|     jmp L1
