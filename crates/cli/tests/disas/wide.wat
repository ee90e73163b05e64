;; Arithmetic on 128 bits.
(module
  (func $add (param i64 i64 i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func $mul (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1))))

;;| func[0] $add: type 0 (i64 i64 i64 i64) -> (i64 i64), 12 bytes at 0x24
;;| frame: 80 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x48
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|     mov [rbp-0x20], rdx
;;|     mov [rbp-0x28], rcx
;;|   local.get 0
;;|   local.get 1
;;|   local.get 2
;;|   local.get 3
;;|   i64.add128
;;|     mov rax, [rbp-0x10]
;;|     mov rcx, [rbp-0x18]
;;|     mov rdx, [rbp-0x20]
;;|     mov rsi, [rbp-0x28]
;;|     add rax, rdx
;;|     adc rcx, rsi
;;|     mov [rbp-0x30], rax
;;|     mov [rbp-0x38], rcx
;;|     mov rax, [rbp-0x30]
;;|     mov rdx, [rbp-0x38]
;;|     leave
;;|     ret
;;|
;;| func[1] $mul: type 1 (i64 i64) -> (i64 i64), 8 bytes at 0x31
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   i64.mul_wide_u
;;|     mov rax, [rbp-0x10]
;;|     mov rcx, [rbp-0x18]
;;|     mul rcx
;;|     mov [rbp-0x20], rax
;;|     mov [rbp-0x28], rdx
;;|     mov rax, [rbp-0x20]
;;|     mov rdx, [rbp-0x28]
;;|     leave
;;|     ret
