;; Branch tables: with a jump table, and with too few targets for one; with a value.
(module
  (func $many (param i32) (result i32)
    (block $a (block $b (block $c (block $d (block $e
      (br_table $a $b $c $d $e $a (local.get 0)))
      (return (i32.const 10)))
      (return (i32.const 11)))
      (return (i32.const 12)))
      (return (i32.const 13)))
    (i32.const 14))
  (func $few (param i32) (result i32)
    (block $a (br_table $a (local.get 0)))
    (i32.const 1))
  (func $value (param i32) (result i32)
    (block $a (result i32)
      (i32.add (i32.const 100)
        (block $b (result i32) (br_table $a $b $a (i32.const 7) (local.get 0)))))))

;;| func[0] $many: type 0 (i32) -> (i32), 41 bytes at 0x1a
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   block $a
;;|   block $b
;;|   block $c
;;|   block $d
;;|   block $e
;;|   local.get 0
;;|   br_table $a $b $c $d $e $a
;;|     mov eax, [rbp-0x10]
;;|     cmp eax, 5
;;|     jae L0
;;|     lea r11, [constant-67]
;;|     movsxd rax, [r11+rax*4]
;;|     add r11, rax
;;|     jmp r11
;;| constant-67: 3c 00 00 00 32 00 00 00 28 00 00 00 1e 00 00 00
;;| constant-51: 14 00 00 00 b8 0a 00 00 00 e9 23 00 00 00 b8 0b
;;| constant-35: 00 00 00 e9 19 00 00 00 b8 0c 00 00 00 e9 0f 00
;;| constant-19: 00 00 b8 0d 00 00 00 e9 05 00 00 00 b8 0e 00 00
;;| constant-3: 00 c9 c3
;;|
;;| func[1] $few: type 0 (i32) -> (i32), 12 bytes at 0x44
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   block $a
;;|   local.get 0
;;|   br_table $a
;;|     mov eax, [rbp-0x10]
;;|     jmp L0
;;| L0:
;;|   end
;;|   i32.const 1
;;|     mov eax, 1
;;|     leave
;;|     ret
;;|
;;| func[2] $value: type 0 (i32) -> (i32), 21 bytes at 0x51
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov [rbp-0x10], rdi
;;|   block $a (result i32)
;;|   i32.const 100
;;|   block $b (result i32)
;;|   i32.const 7
;;|   local.get 0
;;|   br_table $a $b $a
;;|     mov eax, [rbp-0x10]
;;|     mov qword ptr [rbp-0x20], 7
;;|     cmp eax, 2
;;|     jae L0
;;|     lea r11, [constant-29]
;;|     movsxd rax, [r11+rax*4]
;;|     add r11, rax
;;|     jmp r11
;;| constant-29: 08 00 00 00 10 00 00 00 8b 45 e0 e9 0b 00 00 00
;;| constant-13: 8b 45 e0 e9 00 00 00 00 83 c0 64 c9 c3
