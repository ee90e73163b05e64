;; Integer arithmetic: operands in registers, constants, locals; fixed registers of divisions and shifts.
(module
  (func $add (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func $add_constant (param i64) (result i64) (i64.add (local.get 0) (i64.const 100)))
  (func $add_large (param i64) (result i64) (i64.add (local.get 0) (i64.const 0x123456789abc)))
  (func $sub_to_self (param i32 i32) (result i32)
    (local.set 0 (i32.sub (local.get 0) (local.get 1)))
    (local.get 0))
  (func $mul (param i64 i64) (result i64) (i64.mul (i64.mul (local.get 0) (local.get 1)) (i64.const 10)))
  (func $divide (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func $divide_by_constant (param i32) (result i32) (i32.div_u (local.get 0) (i32.const 8)))
  (func $remainder (param i64 i64) (result i64) (i64.rem_s (local.get 0) (local.get 1)))
  (func $shift (param i32 i32) (result i32) (i32.shr_s (i32.shl (local.get 0) (local.get 1)) (i32.const 3)))
  (func $rotate (param i64 i64) (result i64) (i64.rotl (local.get 0) (local.get 1)))
  (func $bits (param i32) (result i32)
    (i32.add (i32.clz (local.get 0)) (i32.add (i32.ctz (local.get 0)) (i32.popcnt (local.get 0)))))
  (func $logic (param i64 i64) (result i64)
    (i64.xor (i64.and (local.get 0) (i64.const 255)) (i64.or (local.get 1) (i64.const 1))))
  (func $test (param i64) (result i32) (i64.eqz (local.get 0))))

;;| func[0] $add: type 0 (i32 i32) -> (i32), 7 bytes at 0x3b
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
;;| func[1] $add_constant: type 1 (i64) -> (i64), 8 bytes at 0x43
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i64.const 100
;;|   i64.add
;;|     mov rax, [rbp-0x10]
;;|     add rax, 0x64
;;|     leave
;;|     ret
;;|
;;| func[2] $add_large: type 1 (i64) -> (i64), 13 bytes at 0x4c
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i64.const 20015998343868
;;|   i64.add
;;|     mov rax, 0x123456789abc
;;|     mov rcx, [rbp-0x10]
;;|     add rcx, rax
;;|     mov rax, rcx
;;|     leave
;;|     ret
;;|
;;| func[3] $sub_to_self: type 0 (i32 i32) -> (i32), 11 bytes at 0x5a
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x18], rsi
;;|     mov r9d, edi
;;|   local.get 0
;;|   local.get 1
;;|   i32.sub
;;|     sub r9d, [rbp-0x18]
;;|   local.set 0
;;|   local.get 0
;;|     mov eax, r9d
;;|     leave
;;|     ret
;;|
;;| func[4] $mul: type 2 (i64 i64) -> (i64), 10 bytes at 0x66
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   i64.mul
;;|     mov rax, [rbp-0x10]
;;|     imul rax, [rbp-0x18]
;;|   i64.const 10
;;|   i64.mul
;;|     imul rax, 0xa
;;|     leave
;;|     ret
;;|
;;| func[5] $divide: type 0 (i32 i32) -> (i32), 7 bytes at 0x71
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   i32.div_s
;;|     mov eax, [rbp-0x18]
;;|     mov ecx, [rbp-0x10]
;;|     test eax, eax
;;|     je L0
;;|     mov r11, rax
;;|     mov rax, rcx
;;|     cdq
;;|     idiv r11d                               ; trap: integer overflow
;;|     mov ecx, eax
;;|     mov eax, ecx
;;|     leave
;;|     ret
;;| L0:
;;|     ud2                                     ; trap: integer divide by zero, of i32.div_s
;;|
;;| func[6] $divide_by_constant: type 3 (i32) -> (i32), 7 bytes at 0x79
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i32.const 8
;;|   i32.div_u
;;|     mov eax, 8
;;|     mov ecx, [rbp-0x10]
;;|     test eax, eax
;;|     je L0
;;|     mov r11, rax
;;|     mov rax, rcx
;;|     xor edx, edx
;;|     div r11d
;;|     mov ecx, eax
;;|     mov eax, ecx
;;|     leave
;;|     ret
;;| L0:
;;|     ud2                                     ; trap: integer divide by zero, of i32.div_u
;;|
;;| func[7] $remainder: type 2 (i64 i64) -> (i64), 7 bytes at 0x81
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   i64.rem_s
;;|     mov rax, [rbp-0x18]
;;|     mov rcx, [rbp-0x10]
;;|     test rax, rax
;;|     je L2
;;|     mov r11, rax
;;|     mov rax, rcx
;;|     cmp r11, 0xffffffffffffffff
;;|     jne L0
;;|     xor edx, edx
;;|     jmp L1
;;| L0:
;;|     cqo
;;|     idiv r11
;;| L1:
;;|     mov rcx, rdx
;;|     mov rax, rcx
;;|     leave
;;|     ret
;;| L2:
;;|     ud2                                     ; trap: integer divide by zero, of i64.rem_s
;;|
;;| func[8] $shift: type 0 (i32 i32) -> (i32), 10 bytes at 0x89
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   i32.shl
;;|     mov eax, [rbp-0x18]
;;|     mov ecx, [rbp-0x10]
;;|     shlx ecx, ecx, eax
;;|   i32.const 3
;;|   i32.shr_s
;;|     sar ecx, 3
;;|     mov eax, ecx
;;|     leave
;;|     ret
;;|
;;| func[9] $rotate: type 2 (i64 i64) -> (i64), 7 bytes at 0x94
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   i64.rotl
;;|     mov rax, [rbp-0x18]
;;|     mov rcx, [rbp-0x10]
;;|     mov r11, rcx
;;|     mov ecx, eax
;;|     rol r11, cl
;;|     mov rcx, r11
;;|     mov rax, rcx
;;|     leave
;;|     ret
;;|
;;| func[10] $bits: type 3 (i32) -> (i32), 13 bytes at 0x9c
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov r9d, edi
;;|   local.get 0
;;|   i32.clz
;;|     lzcnt eax, r9d
;;|   local.get 0
;;|   i32.ctz
;;|     tzcnt ecx, r9d
;;|   local.get 0
;;|   i32.popcnt
;;|     popcnt edx, r9d
;;|   i32.add
;;|     add ecx, edx
;;|   i32.add
;;|     add eax, ecx
;;|     leave
;;|     ret
;;|
;;| func[11] $logic: type 2 (i64 i64) -> (i64), 14 bytes at 0xaa
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   i64.const 255
;;|   i64.and
;;|     mov rax, [rbp-0x10]
;;|     and rax, 0xff
;;|   local.get 1
;;|   i64.const 1
;;|   i64.or
;;|     mov rcx, [rbp-0x18]
;;|     or rcx, 1
;;|   i64.xor
;;|     xor rax, rcx
;;|     leave
;;|     ret
;;|
;;| func[12] $test: type 4 (i64) -> (i32), 5 bytes at 0xb9
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i64.eqz
;;|     mov rax, [rbp-0x10]
;;|     test rax, rax
;;|     sete al
;;|     movzx eax, al
;;|     leave
;;|     ret
