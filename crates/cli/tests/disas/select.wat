;; Selecting, with the condition at hand and with a compare.
(module
  (func $ints (param i32 i32 i32) (result i32) (select (local.get 0) (local.get 1) (local.get 2)))
  (func $max (param i64 i64) (result i64)
    (select (local.get 0) (local.get 1) (i64.gt_s (local.get 0) (local.get 1))))
  (func $floats (param f64 f64 i32) (result f64) (select (local.get 0) (local.get 1) (local.get 2)))
  (func $references (param externref externref i32) (result externref)
    (select (result externref) (local.get 0) (local.get 1) (local.get 2))))

;;| func[0] $ints: type 0 (i32 i32 i32) -> (i32), 9 bytes at 0x31
;;| frame: 64 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x38
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|     mov [rbp-0x20], rdx
;;|   local.get 0
;;|   local.get 1
;;|   local.get 2
;;|   select
;;|     mov eax, [rbp-0x20]
;;|     mov ecx, [rbp-0x10]
;;|     mov edx, [rbp-0x18]
;;|     test eax, eax
;;|     cmove rcx, rdx
;;|     mov eax, ecx
;;|     leave
;;|     ret
;;|
;;| func[1] $max: type 1 (i64 i64) -> (i64), 12 bytes at 0x3b
;;| frame: 64 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x38
;;|     mov r8, rdi
;;|     mov r9, rsi
;;|   local.get 0
;;|   local.get 1
;;|   local.get 0
;;|   local.get 1
;;|   i64.gt_s
;;|     cmp r8, r9
;;|   select
;;|     mov rax, r8
;;|     cmovle rax, r9
;;|     leave
;;|     ret
;;|
;;| func[2] $floats: type 2 (f64 f64 i32) -> (f64), 9 bytes at 0x48
;;| frame: 64 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x38
;;|     vmovsd [rbp-0x10], xmm0
;;|     vmovsd [rbp-0x18], xmm1
;;|     mov [rbp-0x20], rdi
;;|   local.get 0
;;|   local.get 1
;;|   local.get 2
;;|   select
;;|     mov eax, [rbp-0x20]
;;|     vmovsd xmm0, [rbp-0x10]
;;|     vmovsd xmm1, [rbp-0x18]
;;|     test eax, eax
;;|     jne L0
;;|     vmovaps xmm0, xmm1
;;| L0:
;;|     leave
;;|     ret
;;|
;;| func[3] $references: type 3 (externref externref i32) -> (externref), 11 bytes at 0x52
;;| frame: 64 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x38
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|     mov [rbp-0x20], rdx
;;|   local.get 0
;;|   local.get 1
;;|   local.get 2
;;|   select (result externref)
;;|     mov eax, [rbp-0x20]
;;|     mov ecx, [rbp-0x10]
;;|     mov edx, [rbp-0x18]
;;|     test eax, eax
;;|     cmove rcx, rdx
;;|     mov eax, ecx
;;|     leave
;;|     ret
