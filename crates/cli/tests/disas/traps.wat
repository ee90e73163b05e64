;; What traps lies out of line, but for `unreachable`.
(module
  (memory 1)
  (func $unreachable (unreachable))
  (func $divides (param i32 i32) (result i32)
    (i32.add (i32.div_s (local.get 0) (local.get 1)) (i32.rem_u (local.get 0) (local.get 1))))
  (func $truncates (param f32) (result i32) (i32.trunc_f32_s (local.get 0)))
  (func $loads (param i32) (result i32) (i32.load (local.get 0)))
  (func $dead (result i32) (unreachable) (i32.add (i32.const 1) (i32.const 2))))

;;| func[0] $unreachable: type 0 () -> (), 3 bytes at 0x33
;;| frame: 16 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 8
;;|   unreachable
;;|     ud2                                     ; trap: unreachable
;;|     leave
;;|     ret
;;|
;;| func[1] $divides: type 1 (i32 i32) -> (i32), 13 bytes at 0x37
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov r8d, edi
;;|     mov r9d, esi
;;|   local.get 0
;;|   local.get 1
;;|   i32.div_s
;;|     test r9d, r9d
;;|     je L0
;;|     mov rax, r8
;;|     cdq
;;|     idiv r9d                                ; trap: integer overflow
;;|   local.get 0
;;|   local.get 1
;;|   i32.rem_u
;;|     mov ecx, eax
;;|     test r9d, r9d
;;|     je L1
;;|     mov rax, r8
;;|     xor edx, edx
;;|     div r9d
;;|     mov eax, edx
;;|   i32.add
;;|     add ecx, eax
;;|     mov eax, ecx
;;|     leave
;;|     ret
;;| L0:
;;|     ud2                                     ; trap: integer divide by zero, of i32.div_s
;;| L1:
;;|     ud2                                     ; trap: integer divide by zero, of i32.rem_u
;;|
;;| func[2] $truncates: type 2 (f32) -> (i32), 5 bytes at 0x45
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     vmovss [rbp-0x10], xmm0
;;|   local.get 0
;;|   i32.trunc_f32_s
;;|     vmovss xmm0, [rbp-0x10]
;;|     vcvttss2si eax, xmm0
;;|     cmp eax, 1
;;|     jno L0
;;|     vucomiss xmm0, xmm0
;;|     jp L1
;;|     vucomiss xmm0, [constant-4]
;;|     jb L2
;;|     vxorps xmm1, xmm1, xmm1
;;|     vucomiss xmm0, xmm1
;;|     ja L2
;;| L0:
;;|     leave
;;|     ret
;;| L1:
;;|     ud2                                     ; trap: invalid conversion to integer, of i32.trunc_f32_s
;;| L2:
;;|     ud2                                     ; trap: integer overflow
;;| constant-4: 00 00 00 cf
;;|
;;| func[3] $loads: type 3 (i32) -> (i32), 7 bytes at 0x4b
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
;;| func[4] $dead: type 4 () -> (i32), 8 bytes at 0x53
;;| frame: 16 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 8
;;|   unreachable
;;|     ud2                                     ; trap: unreachable
;;|     leave
;;|     ret
