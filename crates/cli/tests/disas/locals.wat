;; Locals that live in registers across blocks, and more than there are registers.
(module
  (memory 1)
  (func $loop (param $at i32) (param $end i32) (result i64)
    (local $sum i64) (local $weight i64)
    (local.set $weight (i64.const 1))
    (loop $next
      (local.set $sum
        (i64.add (local.get $sum) (i64.mul (local.get $weight) (i64.load (local.get $at)))))
      (local.set $weight (i64.shl (local.get $weight) (i64.const 1)))
      (br_if $next
        (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 8))) (local.get $end))))
    (local.get $sum))
  (func $nested (param $n i32) (result i32)
    (local $i i32) (local $j i32) (local $s i32)
    (loop $outer
      (local.set $j (i32.const 0))
      (loop $inner
        (local.set $s (i32.xor (local.get $s) (i32.mul (local.get $i) (local.get $j))))
        (br_if $inner (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $n))))
      (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $s))
  (func $pressure (param i32 i32 i32 i32 i32 i32) (result i32)
    (local i32 i32 i32 i32 i32 i32)
    (local.set 6 (i32.mul (local.get 0) (local.get 1)))
    (local.set 7 (i32.mul (local.get 1) (local.get 2)))
    (local.set 8 (i32.mul (local.get 2) (local.get 3)))
    (local.set 9 (i32.mul (local.get 3) (local.get 4)))
    (local.set 10 (i32.mul (local.get 4) (local.get 5)))
    (local.set 11 (i32.mul (local.get 5) (local.get 0)))
    (i32.add (local.get 0) (i32.add (local.get 1) (i32.add (local.get 2) (i32.add (local.get 3)
      (i32.add (local.get 4) (i32.add (local.get 5) (i32.add (local.get 6) (i32.add (local.get 7)
        (i32.add (local.get 8) (i32.add (local.get 9) (i32.add (local.get 10) (local.get 11)))))))))))))
  (func $swap (param i32 i32) (result i32 i32)
    (local i32)
    (local.set 2 (local.get 0))
    (local.set 0 (local.get 1))
    (local.set 1 (local.get 2))
    (local.get 0) (local.get 1)))

;;| func[0] $loop: type 0 (i32 i32) -> (i64), 45 bytes at 0x38
;;| frame: 80 bytes, home slots below rbp - 16
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x48
;;|     mov [rbp-0x10], rbx
;;|     mov r8d, edi
;;|     mov edi, esi
;;|     xor esi, esi
;;|     xor r9d, r9d
;;|     mov rbx, [r15+0x40]
;;|   i64.const 1
;;|   local.set $weight
;;|     mov r9d, 1
;;|   loop $next
;;|     nop [rax+rax]
;;|     nop [rax+rax]
;;|     nop [rax+rax]
;;| L0:
;;|   local.get $sum
;;|   local.get $weight
;;|   local.get $at
;;|   i64.load
;;|     mov rax, [rbx+r8]                       ; trap: out of bounds memory access
;;|   i64.mul
;;|     imul rax, r9
;;|   i64.add
;;|     add rsi, rax
;;|   local.set $sum
;;|   local.get $weight
;;|   i64.const 1
;;|   i64.shl
;;|     shl r9, 1
;;|   local.set $weight
;;|   local.get $at
;;|   i32.const 8
;;|   i32.add
;;|     add r8d, 8
;;|   local.tee $at
;;|   local.get $end
;;|   i32.ne
;;|     cmp r8d, edi
;;|   br_if $next
;;|     jne L0
;;|   end
;;|   local.get $sum
;;|     mov rax, rsi
;;|     mov rbx, [rbp-0x10]
;;|     leave
;;|     ret
;;|
;;| func[1] $nested: type 1 (i32) -> (i32), 50 bytes at 0x66
;;| frame: 64 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x38
;;|     xor esi, esi
;;|     xor r9d, r9d
;;|     xor r8d, r8d
;;|   loop $outer
;;|     nop [rax+rax]
;;|     xchg ax, ax
;;| L0:
;;|   i32.const 0
;;|   local.set $j
;;|     xor r9d, r9d
;;|   loop $inner
;;|     nop [rax+rax]
;;|     nop [rax+rax]
;;|     nop [rax+rax]
;;|     xchg ax, ax
;;| L1:
;;|   local.get $s
;;|   local.get $i
;;|   local.get $j
;;|   i32.mul
;;|     mov eax, esi
;;|     imul eax, r9d
;;|   i32.xor
;;|     xor r8d, eax
;;|   local.set $s
;;|   local.get $j
;;|   i32.const 1
;;|   i32.add
;;|     add r9d, 1
;;|   local.tee $j
;;|   local.get $n
;;|   i32.lt_u
;;|     cmp r9d, edi
;;|   br_if $inner
;;|     jb L1
;;|   end
;;|   local.get $i
;;|   i32.const 1
;;|   i32.add
;;|     add esi, 1
;;|   local.tee $i
;;|   local.get $n
;;|   i32.lt_u
;;|     cmp esi, edi
;;|   br_if $outer
;;|     jb L0
;;|   end
;;|   local.get $s
;;|     mov eax, r8d
;;|     leave
;;|     ret
;;|
;;| func[2] $pressure: type 2 (i32 i32 i32 i32 i32 i32) -> (i32), 81 bytes at 0x99
;;| frame: 224 bytes, home slots below rbp - 24
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0xd8
;;|     mov [rbp-0x10], rbx
;;|     mov [rbp-0x18], r12
;;|     mov r12d, edi
;;|     mov ebx, esi
;;|     mov esi, ecx
;;|     mov edi, edx
;;|     vxorps xmm15, xmm15, xmm15
;;|     vmovups [rbp-0x78], xmm15
;;|     vmovups [rbp-0x68], xmm15
;;|     vmovups [rbp-0x58], xmm15
;;|   local.get 0
;;|   local.get 1
;;|   i32.mul
;;|     mov eax, r12d
;;|     imul eax, ebx
;;|   local.set 6
;;|     mov [rbp-0x50], rax
;;|   local.get 1
;;|   local.get 2
;;|   i32.mul
;;|     mov eax, ebx
;;|     imul eax, edi
;;|   local.set 7
;;|     mov [rbp-0x58], rax
;;|   local.get 2
;;|   local.get 3
;;|   i32.mul
;;|     mov eax, edi
;;|     imul eax, esi
;;|   local.set 8
;;|     mov [rbp-0x60], rax
;;|   local.get 3
;;|   local.get 4
;;|   i32.mul
;;|     mov eax, esi
;;|     imul eax, r8d
;;|   local.set 9
;;|     mov [rbp-0x68], rax
;;|   local.get 4
;;|   local.get 5
;;|   i32.mul
;;|     mov eax, r8d
;;|     imul eax, r9d
;;|   local.set 10
;;|     mov [rbp-0x70], rax
;;|   local.get 5
;;|   local.get 0
;;|   i32.mul
;;|     mov eax, r9d
;;|     imul eax, r12d
;;|   local.set 11
;;|     mov [rbp-0x78], rax
;;|   local.get 0
;;|   local.get 1
;;|   local.get 2
;;|   local.get 3
;;|   local.get 4
;;|   local.get 5
;;|   local.get 6
;;|   local.get 7
;;|   local.get 8
;;|   local.get 9
;;|   local.get 10
;;|   local.get 11
;;|   i32.add
;;|     mov eax, [rbp-0x70]
;;|     add eax, [rbp-0x78]
;;|   i32.add
;;|     mov ecx, [rbp-0x68]
;;|     add ecx, eax
;;|   i32.add
;;|     mov eax, [rbp-0x60]
;;|     add eax, ecx
;;|   i32.add
;;|     mov ecx, [rbp-0x58]
;;|     add ecx, eax
;;|   i32.add
;;|     mov eax, [rbp-0x50]
;;|     add eax, ecx
;;|   i32.add
;;|     add eax, r9d
;;|   i32.add
;;|     add eax, r8d
;;|   i32.add
;;|     add eax, esi
;;|   i32.add
;;|     add eax, edi
;;|   i32.add
;;|     add eax, ebx
;;|   i32.add
;;|     add eax, r12d
;;|     mov rbx, [rbp-0x10]
;;|     mov r12, [rbp-0x18]
;;|     leave
;;|     ret
;;|
;;| func[3] $swap: type 3 (i32 i32) -> (i32 i32), 20 bytes at 0xeb
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov r8d, edi
;;|     mov r9d, esi
;;|     xor esi, esi
;;|   local.get 0
;;|   local.set 2
;;|     mov esi, r8d
;;|   local.get 1
;;|   local.set 0
;;|     mov r8d, r9d
;;|   local.get 2
;;|   local.set 1
;;|     mov r9d, esi
;;|   local.get 0
;;|   local.get 1
;;|     mov [rbp-0x28], r8
;;|     mov [rbp-0x30], r9
;;|     mov eax, [rbp-0x28]
;;|     mov edx, [rbp-0x30]
;;|     leave
;;|     ret
