;; Heap references that live across calls.
(module
  (import "" "host" (func $host))
  (func $keep (param externref) (result externref)
    (call $host)
    (local.get 0))
  (func $null (result externref) (ref.null extern))
  (func $nonnull (param funcref) (result i32)
    (block $null (br_on_null $null (local.get 0)) (drop) (return (i32.const 1)))
    (i32.const 0)))

;;| func[1] $keep: type 1 (externref) -> (externref), 6 bytes at 0x31
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
;;|   call $host
;;|     mov rax, [r15+0x60]
;;|     mov r15, [r15+0x68]
;;|     call rax
;;|     mov r15, [rbp-8]
;;|   local.get 0
;;|     mov eax, [rbp-0x10]
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
;;| func[2] $null: type 2 () -> (externref), 4 bytes at 0x38
;;| frame: 16 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 8
;;|   ref.null extern
;;|     mov eax, 0
;;|     leave
;;|     ret
;;|
;;| func[3] $nonnull: type 3 (funcref) -> (i32), 15 bytes at 0x3d
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   block $null
;;|   local.get 0
;;|   br_on_null $null
;;|     mov rax, [rbp-0x10]
;;|     test rax, rax
;;|     je L0
;;|   drop
;;|   i32.const 1
;;|   return
;;|     mov eax, 1
;;|     jmp L1
;;| L0:
;;|   end
;;|   i32.const 0
;;|     mov eax, 0
;;| L1:
;;|     leave
;;|     ret
