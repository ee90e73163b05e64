;; Operators on whole memories and tables.
(module
  (memory 1)
  (table $t 10 funcref)
  (data $d "data")
  (elem $e func $fill)
  (func $fill (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func $copy (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func $copy_some (param i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 16)))
  (func $init (param i32) (memory.init $d (local.get 0) (i32.const 0) (i32.const 4)) (data.drop $d))
  (func $tables (param i32)
    (table.init $t $e (local.get 0) (i32.const 0) (i32.const 1))
    (table.copy (i32.const 0) (local.get 0) (i32.const 1))
    (elem.drop $e)))

;;| func[0] $fill: type 0 (i32 i32 i32) -> (), 11 bytes at 0x3b
;;| frame: 64 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L2
;;| L0:
;;|     sub rsp, 0x38
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|     mov [rbp-0x20], rdx
;;|   local.get 0
;;|   local.get 1
;;|   local.get 2
;;|   memory.fill
;;|     mov rdi, r15
;;|     mov esi, 0
;;|     mov edx, [rbp-0x10]
;;|     mov ecx, [rbp-0x18]
;;|     mov r8d, [rbp-0x20]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x48]
;;|     test eax, eax
;;|     je L1
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11]
;;| L1:
;;|     leave
;;|     ret
;;| L2:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
;;|
;;| func[1] $copy: type 0 (i32 i32 i32) -> (), 12 bytes at 0x47
;;| frame: 64 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L2
;;| L0:
;;|     sub rsp, 0x38
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|     mov [rbp-0x20], rdx
;;|   local.get 0
;;|   local.get 1
;;|   local.get 2
;;|   memory.copy
;;|     mov rdi, r15
;;|     mov esi, 0
;;|     mov edx, 0
;;|     mov ecx, [rbp-0x10]
;;|     mov r8d, [rbp-0x18]
;;|     mov r9d, [rbp-0x20]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x40]
;;|     test eax, eax
;;|     je L1
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11]
;;| L1:
;;|     leave
;;|     ret
;;| L2:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
;;|
;;| func[2] $copy_some: type 1 (i32 i32) -> (), 12 bytes at 0x54
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L2
;;| L0:
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   i32.const 16
;;|   memory.copy
;;|     mov rdi, r15
;;|     mov esi, 0
;;|     mov edx, 0
;;|     mov ecx, [rbp-0x10]
;;|     mov r8d, [rbp-0x18]
;;|     mov r9d, 0x10
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x40]
;;|     test eax, eax
;;|     je L1
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11]
;;| L1:
;;|     leave
;;|     ret
;;| L2:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
;;|
;;| func[3] $init: type 2 (i32) -> (), 15 bytes at 0x61
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L2
;;| L0:
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i32.const 0
;;|   i32.const 4
;;|   memory.init $d
;;|     mov rdi, r15
;;|     mov esi, 0
;;|     mov edx, 0
;;|     mov ecx, [rbp-0x10]
;;|     mov r8d, 0
;;|     mov r9d, 4
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x50]
;;|     test eax, eax
;;|     je L1
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11]
;;| L1:
;;|   data.drop $d
;;|     mov rdi, r15
;;|     mov esi, 0
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x58]
;;|     leave
;;|     ret
;;| L2:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
;;|
;;| func[4] $tables: type 2 (i32) -> (), 25 bytes at 0x71
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L3
;;| L0:
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i32.const 0
;;|   i32.const 1
;;|   table.init $e
;;|     mov rdi, r15
;;|     mov esi, 0
;;|     mov edx, 0
;;|     mov ecx, [rbp-0x10]
;;|     mov r8d, 0
;;|     mov r9d, 1
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x98]
;;|     test eax, eax
;;|     je L1
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11]
;;| L1:
;;|   i32.const 0
;;|   local.get 0
;;|   i32.const 1
;;|   table.copy
;;|     mov rdi, r15
;;|     mov esi, 0
;;|     mov edx, 0
;;|     mov ecx, 0
;;|     mov r8d, [rbp-0x10]
;;|     mov r9d, 1
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x90]
;;|     test eax, eax
;;|     je L2
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11]
;;| L2:
;;|   elem.drop $e
;;|     mov rdi, r15
;;|     mov esi, 0
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0xa0]
;;|     leave
;;|     ret
;;| L3:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
