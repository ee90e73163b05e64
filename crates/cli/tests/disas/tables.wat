;; Tables of functions and of host references.
(module
  (table $f 10 20 funcref)
  (table $x 10 externref)
  (func $get (param i32) (result funcref) (table.get $f (local.get 0)))
  (func $get_extern (param i32) (result externref) (table.get $x (local.get 0)))
  (func $set (param i32 externref) (table.set $x (local.get 0) (local.get 1)))
  (func $size (result i32) (table.size $f))
  (func $grow (param externref) (result i32) (table.grow $x (local.get 0) (i32.const 1)))
  (func $null (param funcref) (result i32) (ref.is_null (local.get 0)))
  (func $self (result funcref) (ref.func $self))
  (elem declare func $self))

;;| func[0] $get: type 0 (i32) -> (funcref), 6 bytes at 0x4b
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
;;|   table.get $f
;;|     mov rdi, r15
;;|     mov esi, 0
;;|     mov edx, [rbp-0x10]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x60]
;;|     test edx, edx
;;|     je L1
;;|     mov rax, rdx
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
;;| func[1] $get_extern: type 1 (i32) -> (externref), 6 bytes at 0x52
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
;;|   local.get 0
;;|   table.get $x
;;|     mov eax, [rbp-0x10]
;;|     cmp rax, [r15+0x80]
;;|     jae L2
;;|     mov r11, [r15+0x78]
;;|     lea rax, [r11+rax*4]
;;|     mov eax, [rax]
;;|     leave
;;|     ret
;;| L1:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
;;| L2:
;;|     ud2                                     ; trap: out of bounds table access, of table.get $x
;;|
;;| func[2] $set: type 2 (i32 externref) -> (), 8 bytes at 0x59
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
;;|     mov [rbp-0x18], rsi
;;|   local.get 0
;;|   local.get 1
;;|   table.set $x
;;|     mov eax, [rbp-0x18]
;;|     mov ecx, [rbp-0x10]
;;|     cmp rcx, [r15+0x80]
;;|     jae L2
;;|     mov r11, [r15+0x78]
;;|     lea rcx, [r11+rcx*4]
;;|     mov [rcx], eax
;;|     leave
;;|     ret
;;| L1:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
;;| L2:
;;|     ud2                                     ; trap: out of bounds table access, of table.set $x
;;|
;;| func[3] $size: type 3 () -> (i32), 5 bytes at 0x62
;;| frame: 16 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 8
;;|   table.size $f
;;|     mov rax, [r15+0x68]
;;|     leave
;;|     ret
;;|
;;| func[4] $grow: type 4 (externref) -> (i32), 9 bytes at 0x68
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
;;|   table.grow $x
;;|     mov rdi, r15
;;|     mov esi, 1
;;|     mov edx, 1
;;|     mov ecx, [rbp-0x10]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x78]
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
;;| func[5] $null: type 5 (funcref) -> (i32), 5 bytes at 0x72
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   ref.is_null
;;|     mov rax, [rbp-0x10]
;;|     test rax, rax
;;|     sete al
;;|     movzx eax, al
;;|     leave
;;|     ret
;;|
;;| func[6] $self: type 6 () -> (funcref), 4 bytes at 0x78
;;| frame: 16 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     mov r11, [r15+8]
;;|     cmp rsp, [r11+0x30]
;;|     jbe L1
;;| L0:
;;|     sub rsp, 8
;;|   ref.func $self
;;|     mov rdi, r15
;;|     mov esi, 6
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0xa8]
;;|     leave
;;|     ret
;;| L1:
;;|     lea rax, [rsp]
;;|     lea rsp, [rsp-8]
;;|     mov r11, [r15+0x38]
;;|     call qword ptr [r11+0x28]
;;|     lea rsp, [rsp+8]
;;|     jmp L0
