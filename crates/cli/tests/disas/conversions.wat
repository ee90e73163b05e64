;; Conversions, with and without traps.
(module
  (func $extend (param i32) (result i64)
    (i64.add (i64.extend_i32_s (local.get 0)) (i64.extend_i32_u (local.get 0))))
  (func $wrap (param i64) (result i32) (i32.wrap_i64 (local.get 0)))
  (func $sign (param i32) (result i32) (i32.extend8_s (local.get 0)))
  (func $truncate (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
  (func $truncate_unsigned (param f32) (result i64) (i64.trunc_f32_u (local.get 0)))
  (func $saturate (param f64) (result i32) (i32.trunc_sat_f64_u (local.get 0)))
  (func $to_float (param i32 i64) (result f64)
    (f64.add (f64.convert_i32_u (local.get 0)) (f64.convert_i64_u (local.get 1))))
  (func $bits (param f64) (result i64) (i64.reinterpret_f64 (local.get 0)))
  (func $demote (param f64) (result f32) (f32.demote_f64 (local.get 0))))

;;| func[0] $extend: type 0 (i32) -> (i64), 9 bytes at 0x44
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov r9d, edi
;;|   local.get 0
;;|   i64.extend_i32_s
;;|     movsxd rax, r9d
;;|   local.get 0
;;|   i64.extend_i32_u
;;|     mov ecx, r9d
;;|   i64.add
;;|     add rax, rcx
;;|     leave
;;|     ret
;;|
;;| func[1] $wrap: type 1 (i64) -> (i32), 5 bytes at 0x4e
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i32.wrap_i64
;;|     mov rax, [rbp-0x10]
;;|     mov eax, eax
;;|     leave
;;|     ret
;;|
;;| func[2] $sign: type 2 (i32) -> (i32), 5 bytes at 0x54
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i32.extend8_s
;;|     movsx eax, byte ptr [rbp-0x10]
;;|     leave
;;|     ret
;;|
;;| func[3] $truncate: type 3 (f64) -> (i32), 5 bytes at 0x5a
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     vmovsd [rbp-0x10], xmm0
;;|   local.get 0
;;|   i32.trunc_f64_s
;;|     vmovsd xmm0, [rbp-0x10]
;;|     vcvttsd2si eax, xmm0
;;|     cmp eax, 1
;;|     jno L0
;;|     vucomisd xmm0, xmm0
;;|     jp L1
;;|     vucomisd xmm0, [constant-8]
;;|     jbe L2
;;|     vxorps xmm1, xmm1, xmm1
;;|     vucomisd xmm0, xmm1
;;|     ja L2
;;| L0:
;;|     leave
;;|     ret
;;| L1:
;;|     ud2                                     ; trap: invalid conversion to integer, of i32.trunc_f64_s
;;| L2:
;;|     ud2                                     ; trap: integer overflow
;;| constant-8: 00 00 20 00 00 00 e0 c1
;;|
;;| func[4] $truncate_unsigned: type 4 (f32) -> (i64), 5 bytes at 0x60
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     vmovss [rbp-0x10], xmm0
;;|   local.get 0
;;|   i64.trunc_f32_u
;;|     vmovss xmm0, [rbp-0x10]
;;|     vucomiss xmm0, [constant-4]
;;|     jae L0
;;|     vcvttss2si rax, xmm0
;;|     test rax, rax
;;|     jns L1
;;|     vucomiss xmm0, xmm0
;;|     jp L2
;;|     jmp L3
;;| L0:
;;|     vsubss xmm1, xmm0, [constant-4]
;;|     vcvttss2si rax, xmm1
;;|     test rax, rax
;;|     js L3
;;|     mov r11, 0x8000000000000000
;;|     or rax, r11
;;| L1:
;;|     leave
;;|     ret
;;| L2:
;;|     ud2                                     ; trap: invalid conversion to integer, of i64.trunc_f32_u
;;| L3:
;;|     ud2                                     ; trap: integer overflow
;;| constant-4: 00 00 00 5f
;;|
;;| func[5] $saturate: type 3 (f64) -> (i32), 6 bytes at 0x66
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     vmovsd [rbp-0x10], xmm0
;;|   local.get 0
;;|   i32.trunc_sat_f64_u
;;|     vmovsd xmm0, [rbp-0x10]
;;|     vcvttsd2si rax, xmm0
;;|     mov r11d, eax
;;|     cmp r11, rax
;;|     je L0
;;|     vxorps xmm1, xmm1, xmm1
;;|     vucomisd xmm0, xmm1
;;|     mov eax, 0
;;|     jbe L0
;;|     mov eax, 0xffffffff
;;| L0:
;;|     leave
;;|     ret
;;|
;;| func[6] $to_float: type 5 (i32 i64) -> (f64), 9 bytes at 0x6d
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   f64.convert_i32_u
;;|     mov eax, [rbp-0x10]
;;|     vxorps xmm0, xmm0, xmm0
;;|     vcvtsi2sd xmm0, xmm0, rax
;;|   local.get 1
;;|   f64.convert_i64_u
;;|     mov rax, [rbp-0x18]
;;|     vxorps xmm1, xmm1, xmm1
;;|     test rax, rax
;;|     js L0
;;|     vcvtsi2sd xmm1, xmm1, rax
;;|     jmp L2
;;| L0:
;;|     mov r11, rax
;;|     shr r11, 1
;;|     jae L1
;;|     or r11, 1
;;| L1:
;;|     vcvtsi2sd xmm1, xmm1, r11
;;|     vaddsd xmm1, xmm1, xmm1
;;| L2:
;;|   f64.add
;;|     vaddsd xmm0, xmm0, xmm1
;;|     leave
;;|     ret
;;|
;;| func[7] $bits: type 6 (f64) -> (i64), 5 bytes at 0x77
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     vmovsd [rbp-0x10], xmm0
;;|   local.get 0
;;|   i64.reinterpret_f64
;;|     vmovsd xmm0, [rbp-0x10]
;;|     vmovq rax, xmm0
;;|     leave
;;|     ret
;;|
;;| func[8] $demote: type 7 (f64) -> (f32), 5 bytes at 0x7d
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     vmovsd [rbp-0x10], xmm0
;;|   local.get 0
;;|   f32.demote_f64
;;|     vmovsd xmm0, [rbp-0x10]
;;|     vcvtsd2ss xmm0, xmm0, xmm0
;;|     leave
;;|     ret
