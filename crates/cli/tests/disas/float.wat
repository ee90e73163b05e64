;; Floating-point arithmetic.
(module
  (func $sum (param f64 f64 f64) (result f64)
    (f64.add (f64.mul (local.get 0) (local.get 1)) (local.get 2)))
  (func $constants (param f32) (result f32) (f32.sub (local.get 0) (f32.const 1.5)))
  (func $min (param f64 f64) (result f64) (f64.min (local.get 0) (local.get 1)))
  (func $max (param f32 f32) (result f32) (f32.max (local.get 0) (local.get 1)))
  (func $signs (param f64 f64) (result f64) (f64.copysign (f64.abs (local.get 0)) (f64.neg (local.get 1))))
  (func $rounds (param f64) (result f64)
    (f64.ceil (f64.floor (f64.trunc (f64.nearest (f64.sqrt (local.get 0))))))))

;;| func[0] $sum: type 0 (f64 f64 f64) -> (f64), 10 bytes at 0x35
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     vmovsd [rbp-0x10], xmm0
;;|     vmovsd [rbp-0x18], xmm1
;;|     vmovsd [rbp-0x20], xmm2
;;|   local.get 0
;;|   local.get 1
;;|   f64.mul
;;|     vmovsd xmm0, [rbp-0x10]
;;|     vmulsd xmm0, xmm0, [rbp-0x18]
;;|   local.get 2
;;|   f64.add
;;|     vaddsd xmm0, xmm0, [rbp-0x20]
;;|     leave
;;|     ret
;;|
;;| func[1] $constants: type 1 (f32) -> (f32), 10 bytes at 0x40
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     vmovss [rbp-0x10], xmm0
;;|   local.get 0
;;|   f32.const 0x1.8p+0 (;=1.5;)
;;|   f32.sub
;;|     vmovss xmm0, [constant-4]
;;|     vmovss xmm1, [rbp-0x10]
;;|     vsubss xmm1, xmm1, xmm0
;;|     vmovaps xmm0, xmm1
;;|     leave
;;|     ret
;;| constant-4: 00 00 c0 3f
;;|
;;| func[2] $min: type 2 (f64 f64) -> (f64), 7 bytes at 0x4b
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     vmovsd [rbp-0x10], xmm0
;;|     vmovsd [rbp-0x18], xmm1
;;|   local.get 0
;;|   local.get 1
;;|   f64.min
;;|     vmovsd xmm0, [rbp-0x18]
;;|     vmovsd xmm1, [rbp-0x10]
;;|     vucomisd xmm1, xmm0
;;|     jne L1
;;|     jp L0
;;|     vorps xmm1, xmm1, xmm0
;;|     jmp L2
;;| L0:
;;|     vaddsd xmm1, xmm1, xmm0
;;|     jmp L2
;;| L1:
;;|     vminsd xmm1, xmm1, xmm0
;;| L2:
;;|     vmovaps xmm0, xmm1
;;|     leave
;;|     ret
;;|
;;| func[3] $max: type 3 (f32 f32) -> (f32), 7 bytes at 0x53
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     vmovss [rbp-0x10], xmm0
;;|     vmovss [rbp-0x18], xmm1
;;|   local.get 0
;;|   local.get 1
;;|   f32.max
;;|     vmovss xmm0, [rbp-0x18]
;;|     vmovss xmm1, [rbp-0x10]
;;|     vucomiss xmm1, xmm0
;;|     jne L1
;;|     jp L0
;;|     vandps xmm1, xmm1, xmm0
;;|     jmp L2
;;| L0:
;;|     vaddss xmm1, xmm1, xmm0
;;|     jmp L2
;;| L1:
;;|     vmaxss xmm1, xmm1, xmm0
;;| L2:
;;|     vmovaps xmm0, xmm1
;;|     leave
;;|     ret
;;|
;;| func[4] $signs: type 2 (f64 f64) -> (f64), 9 bytes at 0x5b
;;| frame: 48 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x28
;;|     vmovsd [rbp-0x10], xmm0
;;|     vmovsd [rbp-0x18], xmm1
;;|   local.get 0
;;|   f64.abs
;;|     vmovsd xmm0, [rbp-0x10]
;;|     vandps xmm0, xmm0, [constant-32]
;;|   local.get 1
;;|   f64.neg
;;|     vmovsd xmm1, [rbp-0x18]
;;|     vxorps xmm1, xmm1, [constant-16]
;;|   f64.copysign
;;|     vandps xmm15, xmm1, [constant-16]
;;|     vandps xmm0, xmm0, [constant-32]
;;|     vorps xmm0, xmm0, xmm15
;;|     leave
;;|     ret
;;| constant-32: ff ff ff ff ff ff ff 7f ff ff ff ff ff ff ff 7f
;;| constant-16: 00 00 00 00 00 00 00 80 00 00 00 00 00 00 00 80
;;|
;;| func[5] $rounds: type 4 (f64) -> (f64), 9 bytes at 0x65
;;| frame: 32 bytes, home slots below rbp - 8
;;|     push rbp
;;|     mov rbp, rsp
;;|     push r15
;;|     sub rsp, 0x18
;;|     vmovsd [rbp-0x10], xmm0
;;|   local.get 0
;;|   f64.sqrt
;;|     vmovsd xmm0, [rbp-0x10]
;;|     vsqrtsd xmm0, xmm0, xmm0
;;|   f64.nearest
;;|     vroundsd xmm0, xmm0, xmm0, 8
;;|   f64.trunc
;;|     vroundsd xmm0, xmm0, xmm0, 0xb
;;|   f64.floor
;;|     vroundsd xmm0, xmm0, xmm0, 9
;;|   f64.ceil
;;|     vroundsd xmm0, xmm0, xmm0, 0xa
;;|     leave
;;|     ret
