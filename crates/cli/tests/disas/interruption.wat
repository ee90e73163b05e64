;;! --with-interruption
;; Code that can be interrupted: at heads of loops, and where functions begin.
(module
  (func $loop (param i32)
    (loop $next (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func $calls (param i32) (call $loop (local.get 0)))
  (func $tail (param i32) (return_call $tail (local.get 0))))

;;| func[0] $loop: type 0 (i32) -> (), 14 bytes at 0x19
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
;;|     cmp r15, [r15+0x30]
;;|     jne L2
;;| L1:
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
;;| L2:
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x18]               ; of loop $next
;;|     jmp L1
;;|
;;| func[1] $calls: type 0 (i32) -> (), 6 bytes at 0x28
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
;;| func[2] $tail: type 0 (i32) -> (), 6 bytes at 0x2f
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
