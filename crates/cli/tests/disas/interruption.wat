;;! --with-interruption
;; Code that can be interrupted: at heads of loops, and where functions begin. A loop reads the store's poll page, which `r14` points to;
;; with a register for the first byte of a memory that moves, it compares; if it cannot go round without the function calling
;; itself, it does neither.
(module
  (memory i64 1)
  (func $loop (param i32)
    (loop $next (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func $moves (param i64)
    (loop $next (br_if $next (i32.load (local.get 0)))))
  (func $calls (param i32) (call $loop (local.get 0)))
  (func $itself (param i32)
    (loop $next
      (call $itself (i32.sub (local.get 0) (i32.const 1)))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 2))))))
  (func $tail (param i32) (return_call $tail (local.get 0))))

;;| func[0] $loop: type 0 (i32) -> (), 14 bytes at 0x24
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov r9d, edi
;;|   loop $next
;;|     nop [rax+rax]
;;|     nop [rax]
;;| L0:
;;|     mov r11d, [r15-0x1000]                  ; trap: interrupt
;;|   local.get 0
;;|   i32.const 1
;;|   i32.sub
;;|     sub r9d, 1
;;|   local.tee 0
;;|   br_if $next
;;|     test r9d, r9d
;;|     jne L0
;;|   end
;;|     leave
;;|     ret
;;|
;;| func[1] $moves: type 1 (i64) -> (), 12 bytes at 0x33
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov r9, rdi
;;|     mov r8, [r15+0x40]
;;|   loop $next
;;|     nop [rax+rax]
;;|     nop [rax]
;;| L0:
;;|     cmp r15, [r15+0x30]
;;|     jne L2
;;| L1:
;;|   local.get 0
;;|   i32.load
;;|     mov rax, r9
;;|     add rax, 4
;;|     jb L3
;;|     cmp rax, [r15+0x48]
;;|     ja L4
;;|     add rax, r8
;;|     mov eax, [rax-4]
;;|   br_if $next
;;|     test eax, eax
;;|     jne L0
;;|   end
;;|     leave
;;|     ret
;;| L2:
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x18]               ; of loop $next
;;|     mov r8, [r15+0x40]
;;|     jmp L1
;;| L3:
;;|     ud2                                     ; trap: out of bounds memory access, of i32.load
;;| L4:
;;|     ud2                                     ; trap: out of bounds memory access
;;|
;;| func[2] $calls: type 0 (i32) -> (), 6 bytes at 0x40
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
;;|   call $loop
;;|     mov edi, [rbp-0x10]
;;|     call $loop
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
;;| func[3] $itself: type 0 (i32) -> (), 21 bytes at 0x47
;;| frame: 48 bytes, home slots below rbp - 16
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L2
;;| L0:
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rbx
;;|     mov ebx, edi
;;|   loop $next
;;|     nop [rax+rax]
;;|     nop [rax+rax]
;;|     nop [rax+rax]
;;|     nop [rax]
;;| L1:
;;|   local.get 0
;;|   i32.const 1
;;|   i32.sub
;;|     lea eax, [rbx-1]
;;|   call $itself
;;|     mov edi, eax
;;|     call $itself
;;|   local.get 0
;;|   i32.const 2
;;|   i32.sub
;;|     sub ebx, 2
;;|   local.tee 0
;;|   br_if $next
;;|     test ebx, ebx
;;|     jne L1
;;|   end
;;|     mov rbx, [rbp-0x10]
;;|     leave
;;|     ret
;;| L2:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
;;|
;;| func[4] $tail: type 0 (i32) -> (), 6 bytes at 0x5d
;;| frame: 32 bytes, home slots below rbp - 8
;;| L0:
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L2
;;| L1:
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   return_call $tail
;;|     mov edi, [rbp-0x10]
;;|     leave
;;|     jmp L0
;;|     leave
;;|     ret
;;| L2:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L1
