;; Atomic accesses.
(module
  (memory 1 1 shared)
  (func $load (param i32) (result i64) (i64.atomic.load offset=8 (local.get 0)))
  (func $store (param i32 i32) (i32.atomic.store (local.get 0) (local.get 1)))
  (func $add (param i32 i32) (result i32) (i32.atomic.rmw.add (local.get 0) (local.get 1)))
  (func $or (param i32 i64) (result i64) (i64.atomic.rmw32.or_u (local.get 0) (local.get 1)))
  (func $exchange (param i32 i32) (result i32) (i32.atomic.rmw8.xchg_u (local.get 0) (local.get 1)))
  (func $compare (param i32 i64 i64) (result i64)
    (i64.atomic.rmw.cmpxchg (local.get 0) (local.get 1) (local.get 2)))
  (func $wake (param i32) (result i32) (memory.atomic.notify (local.get 0) (i32.const 1)))
  (func $fence (atomic.fence)))

;;| func[0] $load: type 0 (i32) -> (i64), 8 bytes at 0x45
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i64.atomic.load offset=8
;;|     mov eax, [rbp-0x10]
;;|     test al, 7
;;|     jne L0
;;|     mov r11, [r15+0x40]
;;|     mov rax, [r11+rax+8]                    ; trap: out of bounds memory access
;;|     leave
;;|     ret
;;| L0:
;;|     ud2                                     ; trap: unaligned atomic, of i64.atomic.load offset=8
;;|
;;| func[1] $store: type 1 (i32 i32) -> (), 10 bytes at 0x4e
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   i32.atomic.store
;;|     mov eax, [rbp-0x18]
;;|     mov ecx, [rbp-0x10]
;;|     test cl, 3
;;|     jne L0
;;|     mov r11, [r15+0x40]
;;|     xchg [r11+rcx], eax                     ; trap: out of bounds memory access
;;|     leave
;;|     ret
;;| L0:
;;|     ud2                                     ; trap: unaligned atomic, of i32.atomic.store
;;|
;;| func[2] $add: type 2 (i32 i32) -> (i32), 10 bytes at 0x59
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   i32.atomic.rmw.add
;;|     mov eax, [rbp-0x18]
;;|     mov ecx, [rbp-0x10]
;;|     test cl, 3
;;|     jne L0
;;|     mov r11, [r15+0x40]
;;|     lock xadd [r11+rcx], eax                ; trap: out of bounds memory access
;;|     leave
;;|     ret
;;| L0:
;;|     ud2                                     ; trap: unaligned atomic, of i32.atomic.rmw.add
;;|
;;| func[3] $or: type 3 (i32 i64) -> (i64), 10 bytes at 0x64
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   i64.atomic.rmw32.or_u
;;|     mov rcx, [rbp-0x18]
;;|     mov edx, [rbp-0x10]
;;|     test dl, 3
;;|     jne L1
;;|     mov r11, [r15+0x40]
;;|     mov eax, [r11+rdx]                      ; trap: out of bounds memory access
;;| L0:
;;|     mov rsi, rax
;;|     or rsi, rcx
;;|     lock cmpxchg [r11+rdx], esi
;;|     jne L0
;;|     leave
;;|     ret
;;| L1:
;;|     ud2                                     ; trap: unaligned atomic, of i64.atomic.rmw32.or_u
;;|
;;| func[4] $exchange: type 2 (i32 i32) -> (i32), 10 bytes at 0x6f
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   i32.atomic.rmw8.xchg_u
;;|     mov eax, [rbp-0x18]
;;|     mov ecx, [rbp-0x10]
;;|     mov r11, [r15+0x40]
;;|     xchg [r11+rcx], al                      ; trap: out of bounds memory access
;;|     movzx eax, al
;;|     leave
;;|     ret
;;|
;;| func[5] $compare: type 4 (i32 i64 i64) -> (i64), 12 bytes at 0x7a
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
;;|   i64.atomic.rmw.cmpxchg
;;|     mov rax, [rbp-0x18]
;;|     mov rcx, [rbp-0x20]
;;|     mov edx, [rbp-0x10]
;;|     test dl, 7
;;|     jne L0
;;|     mov r11, [r15+0x40]
;;|     lock cmpxchg [r11+rdx], rcx             ; trap: out of bounds memory access
;;|     leave
;;|     ret
;;| L0:
;;|     ud2                                     ; trap: unaligned atomic, of i64.atomic.rmw.cmpxchg
;;|
;;| func[6] $wake: type 5 (i32) -> (i32), 10 bytes at 0x87
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L2
;;| L0:
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i32.const 1
;;|   memory.atomic.notify
;;|     mov rdi, r15
;;|     mov esi, 0
;;|     mov edx, [rbp-0x10]
;;|     mov ecx, 1
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0xe0]
;;|     test edx, edx
;;|     je L1
;;|     mov rax, rdx
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11]
;;| L1:
;;|     mov eax, eax
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
;;| func[7] $fence: type 6 () -> (), 5 bytes at 0x92
;;| frame: 16 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 8
;;|   atomic.fence
;;|     mfence
;;|     leave
;;|     ret
