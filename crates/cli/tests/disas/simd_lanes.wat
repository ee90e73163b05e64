;; Lanes: splats, shuffles, loads and stores of parts.
(module
  (memory 1)
  (func $splat (param i32) (result v128) (i8x16.splat (local.get 0)))
  (func $extract (param v128) (result i32) (i16x8.extract_lane_s 3 (local.get 0)))
  (func $replace (param v128 f32) (result v128) (f32x4.replace_lane 2 (local.get 0) (local.get 1)))
  (func $shuffle (param v128 v128) (result v128)
    (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get 0) (local.get 1)))
  (func $swizzle (param v128 v128) (result v128) (i8x16.swizzle (local.get 0) (local.get 1)))
  (func $loads (param i32) (result v128)
    (v128.or (v128.load offset=16 (local.get 0)) (v128.load8x8_s (local.get 0))))
  (func $lane (param i32 v128) (v128.store32_lane 1 (local.get 0) (local.get 1)))
  (func $constant (result v128) (v128.const i32x4 1 2 3 4)))

;;| func[0] $splat: type 0 (i32) -> (v128), 6 bytes at 0x3e
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     mov [rbp-0x10], rdi
;;|   local.get 0
;;|   i8x16.splat
;;|     mov eax, [rbp-0x10]
;;|     vmovd xmm0, eax
;;|     vpbroadcastb xmm0, xmm0
;;|     leave
;;|     ret
;;|
;;| func[1] $extract: type 1 (v128) -> (i32), 7 bytes at 0x45
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     vmovups [rbp-0x18], xmm0
;;|   local.get 0
;;|   i16x8.extract_lane_s 3
;;|     vmovups xmm0, [rbp-0x18]
;;|     vpextrw eax, xmm0, 3
;;|     movsx eax, ax
;;|     leave
;;|     ret
;;|
;;| func[2] $replace: type 2 (v128 f32) -> (v128), 9 bytes at 0x4d
;;| frame: 64 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x38
;;|     vmovups [rbp-0x18], xmm0
;;|     vmovss [rbp-0x20], xmm1
;;|   local.get 0
;;|   local.get 1
;;|   f32x4.replace_lane 2
;;|     vmovss xmm0, [rbp-0x20]
;;|     vmovups xmm1, [rbp-0x18]
;;|     vinsertps xmm1, xmm1, xmm0, 0x20
;;|     vmovaps xmm0, xmm1
;;|     leave
;;|     ret
;;|
;;| func[3] $shuffle: type 3 (v128 v128) -> (v128), 24 bytes at 0x57
;;| frame: 80 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x48
;;|     vmovups [rbp-0x18], xmm0
;;|     vmovups [rbp-0x28], xmm1
;;|   local.get 0
;;|   local.get 1
;;|   i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
;;|     vmovups xmm0, [rbp-0x28]
;;|     vmovups xmm1, [rbp-0x18]
;;|     vpunpcklbw xmm1, xmm1, xmm0
;;|     vmovaps xmm0, xmm1
;;|     leave
;;|     ret
;;|
;;| func[4] $swizzle: type 3 (v128 v128) -> (v128), 8 bytes at 0x70
;;| frame: 80 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x48
;;|     vmovups [rbp-0x18], xmm0
;;|     vmovups [rbp-0x28], xmm1
;;|   local.get 0
;;|   local.get 1
;;|   i8x16.swizzle
;;|     vmovups xmm0, [rbp-0x28]
;;|     vmovups xmm1, [rbp-0x18]
;;|     vpaddusb xmm15, xmm0, [constant-16]
;;|     vpshufb xmm1, xmm1, xmm15
;;|     vmovaps xmm0, xmm1
;;|     leave
;;|     ret
;;| constant-16: 70 70 70 70 70 70 70 70 70 70 70 70 70 70 70 70
;;|
;;| func[5] $loads: type 0 (i32) -> (v128), 16 bytes at 0x79
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     mov r9d, edi
;;|     mov r8, [r15+0x40]
;;|   local.get 0
;;|   v128.load offset=16
;;|     vmovups xmm0, [r8+r9+0x10]              ; trap: out of bounds memory access
;;|   local.get 0
;;|   v128.load8x8_s
;;|     vpmovsxbw xmm1, [r8+r9]                 ; trap: out of bounds memory access
;;|   v128.or
;;|     vpor xmm0, xmm0, xmm1
;;|     leave
;;|     ret
;;|
;;| func[6] $lane: type 4 (i32 v128) -> (), 11 bytes at 0x8a
;;| frame: 64 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x38
;;|     mov [rbp-0x10], rdi
;;|     vmovups [rbp-0x20], xmm0
;;|   local.get 0
;;|   local.get 1
;;|   v128.store32_lane 1
;;|     vmovups xmm0, [rbp-0x20]
;;|     mov eax, [rbp-0x10]
;;|     mov r11, [r15+0x40]
;;|     vpextrd [r11+rax], xmm0, 1              ; trap: out of bounds memory access
;;|     leave
;;|     ret
;;|
;;| func[7] $constant: type 5 () -> (v128), 20 bytes at 0x96
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|   v128.const i32x4 0x00000001 0x00000002 0x00000003 0x00000004
;;|     vmovups xmm0, [constant-16]
;;|     leave
;;|     ret
;;| constant-16: 01 00 00 00 02 00 00 00 03 00 00 00 04 00 00 00
