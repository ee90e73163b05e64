;; Memories whose accesses are checked: 64-bit addresses, pages of one byte, a second memory.
(module
  (memory $wide i64 1)
  (memory $bytes 100 (pagesize 1))
  (memory $imported 1)
  (func $load (param i64) (result i32) (i32.load $wide (local.get 0)))
  (func $offset (param i64) (result i64) (i64.load $wide offset=0x1000 (local.get 0)))
  (func $huge (param i64) (result i64) (i64.load $wide offset=0x100000000 (local.get 0)))
  (func $byte (param i32) (result i32) (i32.load8_u $bytes (local.get 0)))
  (func $twice (param i64) (i64.store $wide (local.get 0) (i64.load $wide (local.get 0))))
  (func $second (param i32) (result i32) (i32.load $imported offset=4 (local.get 0))))

;;| func[0] $load: type 0 (i64) -> (i32), 7 bytes at 0x35
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i32.load
;;|     mov rax, [rbp-0x10]
;;|     mov rcx, rax
;;|     add rcx, 4
;;|     jb L0
;;|     cmp rcx, [r15+0x48]
;;|     ja L1
;;|     mov r11, [r15+0x40]
;;|     add rcx, r11
;;|     mov ecx, [rcx-4]
;;|     mov eax, ecx
;;|     leave
;;|     ret
;;| L0:
;;|     ud2                                     ; trap: out of bounds memory access, of i32.load
;;| L1:
;;|     ud2                                     ; trap: out of bounds memory access
;;|
;;| func[1] $offset: type 1 (i64) -> (i64), 8 bytes at 0x3d
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i64.load offset=4096
;;|     mov rax, [rbp-0x10]
;;|     mov rcx, rax
;;|     add rcx, 0x1008
;;|     jb L0
;;|     cmp rcx, [r15+0x48]
;;|     ja L1
;;|     mov r11, [r15+0x40]
;;|     add rcx, r11
;;|     mov rcx, [rcx-8]
;;|     mov rax, rcx
;;|     leave
;;|     ret
;;| L0:
;;|     ud2                                     ; trap: out of bounds memory access, of i64.load offset=4096
;;| L1:
;;|     ud2                                     ; trap: out of bounds memory access
;;|
;;| func[2] $huge: type 1 (i64) -> (i64), 11 bytes at 0x46
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i64.load offset=4294967296
;;|     mov rax, [rbp-0x10]
;;|     mov rcx, 0x100000008
;;|     add rcx, rax
;;|     jb L0
;;|     cmp rcx, [r15+0x48]
;;|     ja L1
;;|     mov r11, [r15+0x40]
;;|     add rcx, r11
;;|     mov rcx, [rcx-8]
;;|     mov rax, rcx
;;|     leave
;;|     ret
;;| L0:
;;|     ud2                                     ; trap: out of bounds memory access, of i64.load offset=4294967296
;;| L1:
;;|     ud2                                     ; trap: out of bounds memory access
;;|
;;| func[3] $byte: type 2 (i32) -> (i32), 8 bytes at 0x52
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i32.load8_u $bytes
;;|     mov eax, [rbp-0x10]
;;|     lea rcx, [rax+1]
;;|     cmp rcx, [r15+0x68]
;;|     ja L0
;;|     mov r11, [r15+0x60]
;;|     add rcx, r11
;;|     movzx ecx, byte ptr [rcx-1]
;;|     mov eax, ecx
;;|     leave
;;|     ret
;;| L0:
;;|     ud2                                     ; trap: out of bounds memory access, of i32.load8_u $bytes
;;|
;;| func[4] $twice: type 3 (i64) -> (), 12 bytes at 0x5b
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov r9, rdi
;;|     mov r8, [r15+0x40]
;;|   local.get 0
;;|   local.get 0
;;|   i64.load
;;|     mov rax, r9
;;|     add rax, 8
;;|     jb L0
;;|     cmp rax, [r15+0x48]
;;|     ja L1
;;|     add rax, r8
;;|     mov rax, [rax-8]
;;|   i64.store
;;|     mov rcx, r9
;;|     add rcx, 8
;;|     jb L2
;;|     cmp rcx, [r15+0x48]
;;|     ja L3
;;|     add rcx, r8
;;|     mov [rcx-8], rax
;;|     leave
;;|     ret
;;| L0:
;;|     ud2                                     ; trap: out of bounds memory access, of i64.load
;;| L1:
;;|     ud2                                     ; trap: out of bounds memory access
;;| L2:
;;|     ud2                                     ; trap: out of bounds memory access, of i64.store
;;| L3:
;;|     ud2                                     ; trap: out of bounds memory access
;;|
;;| func[5] $second: type 2 (i32) -> (i32), 8 bytes at 0x68
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i32.load $imported offset=4
;;|     mov eax, [rbp-0x10]
;;|     mov r11, [r15+0x80]
;;|     mov eax, [r11+rax+4]                    ; trap: out of bounds memory access
;;|     leave
;;|     ret
