;; Vectors of floats.
(module
  (func $arithmetic (param v128 v128) (result v128)
    (f32x4.mul (f32x4.add (local.get 0) (local.get 1)) (f32x4.sqrt (local.get 0))))
  (func $min (param v128 v128) (result v128) (f64x2.min (local.get 0) (local.get 1)))
  (func $pmax (param v128 v128) (result v128) (f64x2.pmax (local.get 0) (local.get 1)))
  (func $convert (param v128) (result v128) (f32x4.convert_i32x4_u (local.get 0)))
  (func $truncate (param v128) (result v128) (i32x4.trunc_sat_f32x4_s (local.get 0)))
  (func $fused (param v128 v128 v128) (result v128)
    (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2))))

;;| func[0] $arithmetic: type 0 (v128 v128) -> (v128), 17 bytes at 0x2a
;;| frame: 80 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x48
;;|     vmovups [rbp-0x28], xmm1
;;|     vmovaps xmm14, xmm0
;;|   local.get 0
;;|   local.get 1
;;|   f32x4.add
;;|     vaddps xmm0, xmm14, [rbp-0x28]
;;|   local.get 0
;;|   f32x4.sqrt
;;|     vsqrtps xmm1, xmm14
;;|   f32x4.mul
;;|     vmulps xmm0, xmm0, xmm1
;;|     leave
;;|     ret
;;|
;;| func[1] $min: type 0 (v128 v128) -> (v128), 9 bytes at 0x3c
;;| frame: 80 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x48
;;|     vmovups [rbp-0x18], xmm0
;;|     vmovups [rbp-0x28], xmm1
;;|   local.get 0
;;|   local.get 1
;;|   f64x2.min
;;|     vmovups xmm0, [rbp-0x28]
;;|     vmovups xmm1, [rbp-0x18]
;;|     vminpd xmm15, xmm1, xmm0
;;|     vminpd xmm1, xmm0, xmm1
;;|     vorps xmm15, xmm15, xmm1
;;|     vcmpunordpd xmm1, xmm15, xmm15
;;|     vorps xmm15, xmm15, xmm1
;;|     vpsrlq xmm1, xmm1, 0xd
;;|     vandnps xmm1, xmm1, xmm15
;;|     vmovaps xmm0, xmm1
;;|     leave
;;|     ret
;;|
;;| func[2] $pmax: type 0 (v128 v128) -> (v128), 9 bytes at 0x46
;;| frame: 80 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x48
;;|     vmovups [rbp-0x18], xmm0
;;|     vmovups [rbp-0x28], xmm1
;;|   local.get 0
;;|   local.get 1
;;|   f64x2.pmax
;;|     vmovups xmm0, [rbp-0x28]
;;|     vmovups xmm1, [rbp-0x18]
;;|     vmaxpd xmm1, xmm0, xmm1
;;|     vmovaps xmm0, xmm1
;;|     leave
;;|     ret
;;|
;;| func[3] $convert: type 1 (v128) -> (v128), 7 bytes at 0x50
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     vmovups [rbp-0x18], xmm0
;;|   local.get 0
;;|   f32x4.convert_i32x4_u
;;|     vmovups xmm0, [rbp-0x18]
;;|     vpand xmm15, xmm0, [constant-32]
;;|     vpsrld xmm0, xmm0, 0x10
;;|     vcvtdq2ps xmm15, xmm15
;;|     vcvtdq2ps xmm0, xmm0
;;|     vfmadd132ps xmm0, xmm15, [constant-16]
;;|     leave
;;|     ret
;;| constant-32: ff ff 00 00 ff ff 00 00 ff ff 00 00 ff ff 00 00
;;| constant-16: 00 00 80 47 00 00 80 47 00 00 80 47 00 00 80 47
;;|
;;| func[4] $truncate: type 1 (v128) -> (v128), 7 bytes at 0x58
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     vmovups [rbp-0x18], xmm0
;;|   local.get 0
;;|   i32x4.trunc_sat_f32x4_s
;;|     vmovups xmm0, [rbp-0x18]
;;|     vcmpordps xmm15, xmm0, xmm0
;;|     vandps xmm0, xmm0, xmm15
;;|     vcmpgeps xmm15, xmm0, [constant-16]
;;|     vcvttps2dq xmm0, xmm0
;;|     vpxor xmm0, xmm0, xmm15
;;|     leave
;;|     ret
;;| constant-16: 00 00 00 4f 00 00 00 4f 00 00 00 4f 00 00 00 4f
;;|
;;| func[5] $fused: type 2 (v128 v128 v128) -> (v128), 11 bytes at 0x60
;;| frame: 112 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x68
;;|     vmovups [rbp-0x18], xmm0
;;|     vmovups [rbp-0x28], xmm1
;;|     vmovups [rbp-0x38], xmm2
;;|   local.get 0
;;|   local.get 1
;;|   local.get 2
;;|   f32x4.relaxed_madd
;;|     vmovups xmm0, [rbp-0x38]
;;|     vmovups xmm1, [rbp-0x28]
;;|     vmovups xmm2, [rbp-0x18]
;;|     vfmadd231ps xmm0, xmm2, xmm1
;;|     leave
;;|     ret
