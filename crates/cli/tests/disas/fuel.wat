;;! --with-fuel
;; Code that charges fuel.
(module
  (func $loop (param i32) (result i32)
    (local i32)
    (loop $next
      (local.set 1 (i32.add (local.get 1) (local.get 0)))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func $straight (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3))))

;;| func[0] $loop: type 0 (i32) -> (i32), 25 bytes at 0x19
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov r9d, edi
;;|     xor r8d, r8d
;;|   loop $next
;;|     nop [rax+rax]
;;|     nop [rax]
;;| L0:
;;|   local.get 1
;;|     sub r14, 9
;;|     jl L3
;;| L1:
;;|   local.get 0
;;|   i32.add
;;|     add r8d, r9d
;;|   local.set 1
;;|   local.get 0
;;|   i32.const 1
;;|   i32.sub
;;|     sub r9d, 1
;;|   local.tee 0
;;|   br_if $next
;;|     test r9d, r9d
;;|     jne L0
;;|   end
;;|   local.get 1
;;|     sub r14, 1
;;|     jl L4
;;| L2:
;;|     mov eax, r8d
;;|     leave
;;|     ret
;;| L3:
;;|     mov r11, [r15+8]
;;|     mov [r11+0x18], r14
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x20]               ; of local.get 1
;;|     mov r11, [r15+8]
;;|     mov r14, [r11+0x18]
;;|     jmp L1
;;| L4:
;;|     mov r11, [r15+8]
;;|     mov [r11+0x18], r14
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x20]               ; of local.get 1
;;|     mov r11, [r15+8]
;;|     mov r14, [r11+0x18]
;;|     jmp L2
;;|
;;| func[1] $straight: type 0 (i32) -> (i32), 7 bytes at 0x33
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|     sub r14, 3
;;|     jl L1
;;| L0:
;;|   i32.const 3
;;|   i32.mul
;;|     mov eax, [rbp-0x10]
;;|     imul eax, 3
;;|     leave
;;|     ret
;;| L1:
;;|     mov r11, [r15+8]
;;|     mov [r11+0x18], r14
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x20]               ; of local.get 0
;;|     mov r11, [r15+8]
;;|     mov r14, [r11+0x18]
;;|     jmp L0
