;; Throwing and catching.
(module
  (tag $t (param i32 f64))
  (func $throw (param i32) (throw $t (local.get 0) (f64.const 1)))
  (func $catch (param i32) (result i32)
    (block $caught (result i32 f64)
      (try_table (catch $t $caught) (call $throw (local.get 0)))
      (return (i32.const 0)))
    (drop))
  (func $rethrow (param i32)
    (block $caught (result exnref)
      (try_table (catch_all_ref $caught) (call $throw (local.get 0)))
      (return))
    (throw_ref)))

;;| func[0] $throw: type 1 (i32) -> (), 15 bytes at 0x2d
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L1
;;| L0:
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   f64.const 0x1p+0 (;=1;)
;;|   throw $t
;;|     mov r11, 0x3ff0000000000000
;;|     mov [rbp-0x20], r11
;;|     mov r11, [rbp-0x10]
;;|     mov [rbp-0x18], r11
;;|     mov r11, [rbp-0x18]
;;|     mov [rsp], r11
;;|     mov r11, [rbp-0x20]
;;|     mov [rsp+8], r11
;;|     mov rdi, [r15+0x60]
;;|     lea rsi, [rsp]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+8]
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
;;| func[1] $catch: type 2 (i32) -> (i32), 20 bytes at 0x3d
;;| frame: 64 bytes, home slots below rbp - 40
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L3
;;| L0:
;;|     sub rsp, 0x38
;;|     mov [rbp-0x10], rbx
;;|     mov [rbp-0x18], r12
;;|     mov [rbp-0x20], r13
;;|     mov [rbp-0x28], r14
;;|     mov [rbp-0x30], rdi
;;|   block $caught (type 3) (result i32 f64)
;;|   try_table (catch $t $caught)
;;|   local.get 0
;;|   call $throw
;;|     mov edi, [rbp-0x30]
;;|     call $throw
;;|   end
;;|   i32.const 0
;;|   return
;;|     mov eax, 0
;;|     jmp L2
;;| L1:
;;|   end
;;|   drop
;;|     mov eax, [rbp-0x38]
;;| L2:
;;|     mov rbx, [rbp-0x10]
;;|     mov r12, [rbp-0x18]
;;|     mov r13, [rbp-0x20]
;;|     mov r14, [rbp-0x28]
;;|     leave
;;|     ret
;;| L3:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
;;|     jmp L1
;;|
;;| func[2] $rethrow: type 1 (i32) -> (), 17 bytes at 0x52
;;| frame: 64 bytes, home slots below rbp - 40
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L3
;;| L0:
;;|     sub rsp, 0x38
;;|     mov [rbp-0x10], rbx
;;|     mov [rbp-0x18], r12
;;|     mov [rbp-0x20], r13
;;|     mov [rbp-0x28], r14
;;|     mov [rbp-0x30], rdi
;;|   block $caught (result exnref)
;;|   try_table (catch_all_ref $caught)
;;|   local.get 0
;;|   call $throw
;;|     mov edi, [rbp-0x30]
;;|     call $throw
;;|   end
;;|   return
;;|     jmp L2
;;| L1:
;;|   end
;;|   throw_ref
;;|     test eax, eax
;;|     je L4
;;|     mov rdi, rax
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x10]
;;| L2:
;;|     mov rbx, [rbp-0x10]
;;|     mov r12, [rbp-0x18]
;;|     mov r13, [rbp-0x20]
;;|     mov r14, [rbp-0x28]
;;|     leave
;;|     ret
;;| L3:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
;;|     mov eax, [rbp-0x38]
;;|     jmp L1
;;| L4:
;;|     ud2                                     ; trap: null exception reference, of throw_ref
