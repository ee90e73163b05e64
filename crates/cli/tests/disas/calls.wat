;; Calls by every way to reach a function.
(module
  (type $binary (func (param i32 i32) (result i32)))
  (import "" "host" (func $host (param i32) (result i32)))
  (table $t 4 4 funcref)
  (elem (table $t) (i32.const 0) func $leaf)
  (func $leaf (type $binary) (i32.add (local.get 0) (local.get 1)))
  (func $direct (param i32) (result i32) (call $leaf (local.get 0) (i32.const 3)))
  (func $twice (param i32) (result i32)
    (i32.add (call $leaf (local.get 0) (i32.const 1)) (call $leaf (local.get 0) (i32.const 2))))
  (func $import (param i32) (result i32) (i32.add (call $host (local.get 0)) (local.get 0)))
  (func $indirect (param i32 i32) (result i32)
    (call_indirect $t (type $binary) (local.get 0) (local.get 0) (local.get 1)))
  (func $ref (param i32 (ref null $binary)) (result i32)
    (call_ref $binary (local.get 0) (local.get 0) (local.get 1)))
  (func $recursive (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add
        (call $recursive (i32.sub (local.get 0) (i32.const 1)))
        (call $recursive (i32.sub (local.get 0) (i32.const 2))))))))

;;| func[1] $leaf: type 0 (i32 i32) -> (i32), 7 bytes at 0x48
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
;;|     leave
;;|     ret
;;|
;;| func[2] $direct: type 1 (i32) -> (i32), 8 bytes at 0x50
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L1
;;| L0:
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i32.const 3
;;|   call $leaf
;;|     mov edi, [rbp-0x10]
;;|     mov esi, 3
;;|     call $leaf
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
;;| func[3] $twice: type 1 (i32) -> (i32), 15 bytes at 0x59
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L1
;;| L0:
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i32.const 1
;;|   call $leaf
;;|     mov edi, [rbp-0x10]
;;|     mov esi, 1
;;|     call $leaf
;;|   local.get 0
;;|   i32.const 2
;;|   call $leaf
;;|     mov [rbp-0x18], rax
;;|     mov edi, [rbp-0x10]
;;|     mov esi, 2
;;|     call $leaf
;;|   i32.add
;;|     mov ecx, [rbp-0x18]
;;|     add ecx, eax
;;|     mov eax, ecx
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
;;| func[4] $import: type 1 (i32) -> (i32), 9 bytes at 0x69
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L1
;;| L0:
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   call $host
;;|     mov edi, [rbp-0x10]
;;|     mov rax, [r15+0x80]
;;|     mov r15, [r15+0x88]
;;|     call rax
;;|     mov r15, [rbp-8]
;;|   local.get 0
;;|   i32.add
;;|     add eax, [rbp-0x10]
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
;;| func[5] $indirect: type 0 (i32 i32) -> (i32), 11 bytes at 0x73
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L2
;;| L0:
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 0
;;|   local.get 1
;;|   call_indirect (type $binary)
;;|     mov eax, [rbp-0x18]
;;|     cmp rax, 4
;;|     jae L3
;;|     mov rcx, rax
;;|     mov r11, [r15+0x60]
;;|     mov rax, rcx
;;|     shl rax, 5
;;|     add rax, r11
;;|     mov r11, [r15+0x28]
;;|     mov r11d, [r11]
;;|     cmp r11d, [rax+0x10]
;;|     jne L4
;;| L1:
;;|     mov edi, [rbp-0x10]
;;|     mov esi, [rbp-0x10]
;;|     mov r15, [rax+8]
;;|     call qword ptr [rax]
;;|     mov r15, [rbp-8]
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
;;|     ud2                                     ; trap: undefined element, of call_indirect (type $binary)
;;| L4:
;;|     mov rdx, rcx
;;|     mov esi, 0
;;|     mov rdi, r15
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x60]
;;|     test edx, edx
;;|     je L5
;;|     mov rax, rdx
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11]
;;| L5:
;;|     test rax, rax
;;|     je L6
;;|     mov [rbp-0x30], rax
;;|     mov rdx, [r15+0x28]
;;|     mov edx, [rdx]
;;|     mov esi, [rax+0x10]
;;|     mov rdi, r15
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0xb0]
;;|     test eax, eax
;;|     je L7
;;|     mov rax, [rbp-0x30]
;;|     jmp L1
;;| L6:
;;|     ud2                                     ; trap: uninitialized element
;;| L7:
;;|     ud2                                     ; trap: indirect call type mismatch
;;|
;;| func[6] $ref: type 2 (i32 (ref null 0)) -> (i32), 10 bytes at 0x7f
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L1
;;| L0:
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 0
;;|   local.get 1
;;|   call_ref $binary
;;|     mov rax, [rbp-0x18]
;;|     test rax, rax
;;|     je L2
;;|     mov edi, [rbp-0x10]
;;|     mov esi, [rbp-0x10]
;;|     mov r15, [rax+8]
;;|     call qword ptr [rax]
;;|     mov r15, [rbp-8]
;;|     leave
;;|     ret
;;| L1:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
;;| L2:
;;|     ud2                                     ; trap: null function reference, of call_ref $binary
;;|
;;| func[7] $recursive: type 1 (i32) -> (i32), 28 bytes at 0x8a
;;| frame: 48 bytes, home slots below rbp - 16
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L3
;;| L0:
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rbx
;;|     mov ebx, edi
;;|   local.get 0
;;|   i32.const 2
;;|   i32.lt_s
;;|     cmp ebx, 2
;;|   if (result i32)
;;|     jge L1
;;|   local.get 0
;;|   else
;;|     mov eax, ebx
;;|     jmp L2
;;| L1:
;;|   local.get 0
;;|   i32.const 1
;;|   i32.sub
;;|     lea eax, [rbx-1]
;;|   call $recursive
;;|     mov edi, eax
;;|     call $recursive
;;|   local.get 0
;;|   i32.const 2
;;|   i32.sub
;;|     lea ecx, [rbx-2]
;;|   call $recursive
;;|     mov [rbp-0x20], rax
;;|     mov edi, ecx
;;|     call $recursive
;;|   i32.add
;;|     mov ecx, [rbp-0x20]
;;|     add ecx, eax
;;|   end
;;|     mov eax, ecx
;;| L2:
;;|     mov rbx, [rbp-0x10]
;;|     leave
;;|     ret
;;| L3:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
