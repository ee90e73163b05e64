;; Which functions compare the stack pointer with its limit, and how.
(module
  (import "" "host" (func $host))
  (memory 1)
  (func $leaf (param i32) (result i32) (i32.load (local.get 0)))
  (func $calls (call $host))
  (func $grows (result i32) (memory.grow (i32.const 1))))

;;| func[1] $leaf: type 1 (i32) -> (i32), 7 bytes at 0x31
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
;;| func[2] $calls: type 0 () -> (), 4 bytes at 0x39
;;| frame: 16 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L1
;;| L0:
;;|     sub rsp, 8
;;|   call $host
;;|     mov rax, [r15+0x60]
;;|     mov r15, [r15+0x68]
;;|     call rax
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
;;|
;;| func[3] $grows: type 2 () -> (i32), 6 bytes at 0x3e
;;| frame: 16 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L2
;;| L0:
;;|     sub rsp, 8
;;|   i32.const 1
;;|   memory.grow
;;|     mov rdi, r15
;;|     mov esi, 0
;;|     mov edx, 1
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
