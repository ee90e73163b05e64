;; Vectors of integers.
(module
  (func $add (param v128 v128) (result v128) (i32x4.add (local.get 0) (local.get 1)))
  (func $saturate (param v128 v128) (result v128) (i8x16.sub_sat_u (local.get 0) (local.get 1)))
  (func $multiply (param v128 v128) (result v128)
    (i64x2.mul (local.get 0) (i16x8.mul (local.get 0) (local.get 1))))
  (func $shift (param v128 i32) (result v128) (i8x16.shr_s (i16x8.shl (local.get 0) (i32.const 3)) (local.get 1)))
  (func $compare (param v128 v128) (result v128) (i32x4.lt_u (local.get 0) (local.get 1)))
  (func $test (param v128) (result i32) (i32.add (v128.any_true (local.get 0)) (i8x16.bitmask (local.get 0))))
  (func $dot (param v128 v128) (result v128) (i32x4.dot_i16x8_s (local.get 0) (local.get 1))))

;;| func[0] $add: type 0 (v128 v128) -> (v128), 9 bytes at 0x2a
;;| frame: 80 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x48
;;|     vmovups [rbp-0x18], xmm0
;;|     vmovups [rbp-0x28], xmm1
;;|   local.get 0
;;|   local.get 1
;;|   i32x4.add
;;|     vmovups xmm0, [rbp-0x18]
;;|     vpaddd xmm0, xmm0, [rbp-0x28]
;;|     leave
;;|     ret
;;|
;;| func[1] $saturate: type 0 (v128 v128) -> (v128), 8 bytes at 0x34
;;| frame: 80 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x48
;;|     vmovups [rbp-0x18], xmm0
;;|     vmovups [rbp-0x28], xmm1
;;|   local.get 0
;;|   local.get 1
;;|   i8x16.sub_sat_u
;;|     vmovups xmm0, [rbp-0x18]
;;|     vpsubusb xmm0, xmm0, [rbp-0x28]
;;|     leave
;;|     ret
;;|
;;| func[2] $multiply: type 0 (v128 v128) -> (v128), 14 bytes at 0x3d
;;| frame: 96 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x58
;;|     vmovups [rbp-0x28], xmm1
;;|     vmovaps xmm14, xmm0
;;|   local.get 0
;;|   local.get 0
;;|   local.get 1
;;|   i16x8.mul
;;|     vpmullw xmm0, xmm14, [rbp-0x28]
;;|   i64x2.mul
;;|     vpsrlq xmm15, xmm14, 0x20
;;|     vpmuludq xmm15, xmm15, xmm0
;;|     vpsrlq xmm1, xmm0, 0x20
;;|     vpmuludq xmm1, xmm1, xmm14
;;|     vpaddq xmm15, xmm15, xmm1
;;|     vpsllq xmm15, xmm15, 0x20
;;|     vpmuludq xmm0, xmm14, xmm0
;;|     vpaddq xmm0, xmm0, xmm15
;;|     leave
;;|     ret
;;|
;;| func[3] $shift: type 1 (v128 i32) -> (v128), 13 bytes at 0x4c
;;| frame: 64 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x38
;;|     vmovups [rbp-0x18], xmm0
;;|     mov [rbp-0x20], rdi
;;|   local.get 0
;;|   i32.const 3
;;|   i16x8.shl
;;|     vmovups xmm0, [rbp-0x18]
;;|     vpsllw xmm0, xmm0, 3
;;|   local.get 1
;;|   i8x16.shr_s
;;|     mov eax, [rbp-0x20]
;;|     mov r11d, eax
;;|     and r11d, 7
;;|     add r11d, 8
;;|     vmovd xmm15, r11d
;;|     vpunpckhbw xmm1, xmm0, xmm0
;;|     vpunpcklbw xmm0, xmm0, xmm0
;;|     vpsraw xmm1, xmm1, xmm15
;;|     vpsraw xmm0, xmm0, xmm15
;;|     vpacksswb xmm0, xmm0, xmm1
;;|     leave
;;|     ret
;;|
;;| func[4] $compare: type 0 (v128 v128) -> (v128), 8 bytes at 0x5a
;;| frame: 80 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x48
;;|     vmovups [rbp-0x18], xmm0
;;|     vmovups [rbp-0x28], xmm1
;;|   local.get 0
;;|   local.get 1
;;|   i32x4.lt_u
;;|     vmovups xmm0, [rbp-0x28]
;;|     vmovups xmm1, [rbp-0x18]
;;|     vpmaxud xmm15, xmm1, xmm0
;;|     vpcmpeqd xmm1, xmm1, xmm15
;;|     vpcmpeqd xmm15, xmm15, xmm15
;;|     vpxor xmm1, xmm1, xmm15
;;|     vmovaps xmm0, xmm1
;;|     leave
;;|     ret
;;|
;;| func[5] $test: type 2 (v128) -> (i32), 11 bytes at 0x63
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     vmovaps xmm14, xmm0
;;|   local.get 0
;;|   v128.any_true
;;|     vptest xmm14, xmm14
;;|   local.get 0
;;|     setne al
;;|     movzx eax, al
;;|   i8x16.bitmask
;;|     vpmovmskb ecx, xmm14
;;|   i32.add
;;|     add eax, ecx
;;|     leave
;;|     ret
;;|
;;| func[6] $dot: type 0 (v128 v128) -> (v128), 9 bytes at 0x6f
;;| frame: 80 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x48
;;|     vmovups [rbp-0x18], xmm0
;;|     vmovups [rbp-0x28], xmm1
;;|   local.get 0
;;|   local.get 1
;;|   i32x4.dot_i16x8_s
;;|     vmovups xmm0, [rbp-0x18]
;;|     vpmaddwd xmm0, xmm0, [rbp-0x28]
;;|     leave
;;|     ret
