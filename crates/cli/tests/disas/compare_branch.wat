;; Compares that feed a branch, an `if`, a `select`, or a value.
(module
  (func $loop (param $n i32) (result i32)
    (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (local.get $n)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $next (i32.gt_s (local.get $n) (i32.const 0))))
    (local.get $sum))
  (func $if (param i64 i64) (result i64)
    (if (result i64) (i64.lt_u (local.get 0) (local.get 1))
      (then (i64.sub (local.get 1) (local.get 0)))
      (else (i64.sub (local.get 0) (local.get 1)))))
  (func $zero (param i32) (result i32)
    (block $out (br_if $out (i32.eqz (local.get 0))) (return (i32.const 1)))
    (i32.const 2))
  (func $mask (param i32) (result i32)
    (if (result i32) (i32.and (local.get 0) (i32.const 4)) (then (i32.const 1)) (else (i32.const 2))))
  (func $value (param i32 i32) (result i32) (i32.le_s (local.get 0) (local.get 1)))
  (func $float (param f64 f64) (result i32)
    (if (result i32) (f64.lt (local.get 0) (local.get 1)) (then (i32.const 1)) (else (i32.const 2))))
  (func $equal (param f32 f32) (result i32)
    (if (result i32) (f32.eq (local.get 0) (local.get 1)) (then (i32.const 1)) (else (i32.const 2)))))

;;| func[0] $loop: type 0 (i32) -> (i32), 30 bytes at 0x36
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
;;|   local.get $sum
;;|   local.get $n
;;|   i32.add
;;|     add r8d, r9d
;;|   local.set $sum
;;|   local.get $n
;;|   i32.const 1
;;|   i32.sub
;;|     sub r9d, 1
;;|   local.set $n
;;|   local.get $n
;;|   i32.const 0
;;|   i32.gt_s
;;|     cmp r9d, 0
;;|   br_if $next
;;|     jg L0
;;|   end
;;|   local.get $sum
;;|     mov eax, r8d
;;|     leave
;;|     ret
;;|
;;| func[1] $if: type 1 (i64 i64) -> (i64), 21 bytes at 0x55
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov r8, rdi
;;|     mov r9, rsi
;;|   local.get 0
;;|   local.get 1
;;|   i64.lt_u
;;|     cmp r8, r9
;;|   if (result i64)
;;|     jae L0
;;|   local.get 1
;;|   local.get 0
;;|   i64.sub
;;|     mov rax, r9
;;|     sub rax, r8
;;|   else
;;|     jmp L1
;;| L0:
;;|   local.get 0
;;|   local.get 1
;;|   i64.sub
;;|     mov rax, r8
;;|     sub rax, r9
;;| L1:
;;|   end
;;|     leave
;;|     ret
;;|
;;| func[2] $zero: type 0 (i32) -> (i32), 15 bytes at 0x6b
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   block $out
;;|   local.get 0
;;|   i32.eqz
;;|     mov eax, [rbp-0x10]
;;|     test eax, eax
;;|   br_if $out
;;|     je L0
;;|   i32.const 1
;;|   return
;;|     mov eax, 1
;;|     jmp L1
;;| L0:
;;|   end
;;|   i32.const 2
;;|     mov eax, 2
;;| L1:
;;|     leave
;;|     ret
;;|
;;| func[3] $mask: type 0 (i32) -> (i32), 15 bytes at 0x7b
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i32.const 4
;;|   i32.and
;;|     mov eax, [rbp-0x10]
;;|     and eax, 4
;;|   if (result i32)
;;|     test eax, eax
;;|     je L0
;;|   i32.const 1
;;|   else
;;|     mov eax, 1
;;|     jmp L1
;;| L0:
;;|   i32.const 2
;;|   end
;;|     mov eax, 2
;;| L1:
;;|     leave
;;|     ret
;;|
;;| func[4] $value: type 2 (i32 i32) -> (i32), 7 bytes at 0x8b
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   i32.le_s
;;|     mov eax, [rbp-0x10]
;;|     cmp eax, [rbp-0x18]
;;|     setle al
;;|     movzx eax, al
;;|     leave
;;|     ret
;;|
;;| func[5] $float: type 3 (f64 f64) -> (i32), 15 bytes at 0x93
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     vmovsd [rbp-0x10], xmm0
;;|     vmovsd [rbp-0x18], xmm1
;;|   local.get 0
;;|   local.get 1
;;|   f64.lt
;;|     vmovsd xmm0, [rbp-0x18]
;;|     vmovsd xmm1, [rbp-0x10]
;;|     vucomisd xmm0, xmm1
;;|   if (result i32)
;;|     jbe L0
;;|   i32.const 1
;;|   else
;;|     mov eax, 1
;;|     jmp L1
;;| L0:
;;|   i32.const 2
;;|   end
;;|     mov eax, 2
;;| L1:
;;|     leave
;;|     ret
;;|
;;| func[6] $equal: type 4 (f32 f32) -> (i32), 15 bytes at 0xa3
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     vmovss [rbp-0x10], xmm0
;;|     vmovss [rbp-0x18], xmm1
;;|   local.get 0
;;|   local.get 1
;;|   f32.eq
;;|     vmovss xmm0, [rbp-0x18]
;;|     vmovss xmm1, [rbp-0x10]
;;|     vucomiss xmm1, xmm0
;;|   if (result i32)
;;|     jp L0
;;|     jne L0
;;|   i32.const 1
;;|   else
;;|     mov eax, 1
;;|     jmp L1
;;| L0:
;;|   i32.const 2
;;|   end
;;|     mov eax, 2
;;| L1:
;;|     leave
;;|     ret
