//! One floating-point value: VEX forms, with the moves between the register files.

super::rows! {
    after super::integer::END;

    // Scalar arithmetic.
    VADDSS: "vaddss", "w x, r x, r xm32", "VEX.LIG.F3.0F.WIG 58 /r", Avx, Keep;
    VADDSD: "vaddsd", "w x, r x, r xm64", "VEX.LIG.F2.0F.WIG 58 /r", Avx, Keep;
    VMULSS: "vmulss", "w x, r x, r xm32", "VEX.LIG.F3.0F.WIG 59 /r", Avx, Keep;
    VMULSD: "vmulsd", "w x, r x, r xm64", "VEX.LIG.F2.0F.WIG 59 /r", Avx, Keep;
    VSUBSS: "vsubss", "w x, r x, r xm32", "VEX.LIG.F3.0F.WIG 5C /r", Avx, Keep;
    VSUBSD: "vsubsd", "w x, r x, r xm64", "VEX.LIG.F2.0F.WIG 5C /r", Avx, Keep;
    VMINSS: "vminss", "w x, r x, r xm32", "VEX.LIG.F3.0F.WIG 5D /r", Avx, Keep;
    VMINSD: "vminsd", "w x, r x, r xm64", "VEX.LIG.F2.0F.WIG 5D /r", Avx, Keep;
    VDIVSS: "vdivss", "w x, r x, r xm32", "VEX.LIG.F3.0F.WIG 5E /r", Avx, Keep;
    VDIVSD: "vdivsd", "w x, r x, r xm64", "VEX.LIG.F2.0F.WIG 5E /r", Avx, Keep;
    VMAXSS: "vmaxss", "w x, r x, r xm32", "VEX.LIG.F3.0F.WIG 5F /r", Avx, Keep;
    VMAXSD: "vmaxsd", "w x, r x, r xm64", "VEX.LIG.F2.0F.WIG 5F /r", Avx, Keep;
    VSQRTSS: "vsqrtss", "w x, r x, r xm32", "VEX.LIG.F3.0F.WIG 51 /r", Avx, Keep;
    VSQRTSD: "vsqrtsd", "w x, r x, r xm64", "VEX.LIG.F2.0F.WIG 51 /r", Avx, Keep;
    VUCOMISS: "vucomiss", "r x, r xm32", "VEX.LIG.NP.0F.WIG 2E /r", Avx, Write;
    VCOMISS: "vcomiss", "r x, r xm32", "VEX.LIG.NP.0F.WIG 2F /r", Avx, Write;
    VUCOMISD: "vucomisd", "r x, r xm64", "VEX.LIG.66.0F.WIG 2E /r", Avx, Write;
    VCOMISD: "vcomisd", "r x, r xm64", "VEX.LIG.66.0F.WIG 2F /r", Avx, Write;
    VROUNDSS: "vroundss", "w x, r x, r xm32, r u8", "VEX.LIG.66.0F3A.WIG 0A /r ib", Avx, Keep;
    VROUNDSD: "vroundsd", "w x, r x, r xm64, r u8", "VEX.LIG.66.0F3A.WIG 0B /r ib", Avx, Keep;
    VCMPSS: "vcmpss", "w x, r x, r xm32, r u8", "VEX.LIG.F3.0F.WIG C2 /r ib", Avx, Keep;
    VCMPSD: "vcmpsd", "w x, r x, r xm64, r u8", "VEX.LIG.F2.0F.WIG C2 /r ib", Avx, Keep;

    // Conversions.
    VCVTSI2SS32: "vcvtsi2ss", "w x, r x, r rm32", "VEX.LIG.F3.0F.W0 2A /r", Avx, Keep;
    VCVTSI2SS64: "vcvtsi2ss", "w x, r x, r rm64", "VEX.LIG.F3.0F.W1 2A /r", Avx, Keep;
    VCVTSI2SD32: "vcvtsi2sd", "w x, r x, r rm32", "VEX.LIG.F2.0F.W0 2A /r", Avx, Keep;
    VCVTSI2SD64: "vcvtsi2sd", "w x, r x, r rm64", "VEX.LIG.F2.0F.W1 2A /r", Avx, Keep;
    VCVTTSS2SI32: "vcvttss2si", "w r32, r xm32", "VEX.LIG.F3.0F.W0 2C /r", Avx, Keep;
    VCVTTSS2SI64: "vcvttss2si", "w r64, r xm32", "VEX.LIG.F3.0F.W1 2C /r", Avx, Keep;
    VCVTSS2SI32: "vcvtss2si", "w r32, r xm32", "VEX.LIG.F3.0F.W0 2D /r", Avx, Keep;
    VCVTSS2SI64: "vcvtss2si", "w r64, r xm32", "VEX.LIG.F3.0F.W1 2D /r", Avx, Keep;
    VCVTTSD2SI32: "vcvttsd2si", "w r32, r xm64", "VEX.LIG.F2.0F.W0 2C /r", Avx, Keep;
    VCVTTSD2SI64: "vcvttsd2si", "w r64, r xm64", "VEX.LIG.F2.0F.W1 2C /r", Avx, Keep;
    VCVTSD2SI32: "vcvtsd2si", "w r32, r xm64", "VEX.LIG.F2.0F.W0 2D /r", Avx, Keep;
    VCVTSD2SI64: "vcvtsd2si", "w r64, r xm64", "VEX.LIG.F2.0F.W1 2D /r", Avx, Keep;
    VCVTSS2SD: "vcvtss2sd", "w x, r x, r xm32", "VEX.LIG.F3.0F.WIG 5A /r", Avx, Keep;
    VCVTSD2SS: "vcvtsd2ss", "w x, r x, r xm64", "VEX.LIG.F2.0F.WIG 5A /r", Avx, Keep;

    // Moves.
    VMOVSS_LOAD: "vmovss", "w x, r m32", "VEX.LIG.F3.0F.WIG 10 /r", Avx, Keep;
    VMOVSS_STORE: "vmovss", "w m32, r x", "VEX.LIG.F3.0F.WIG 11 /r", Avx, Keep;
    VMOVSS_RRR: "vmovss", "w x, r x, r x", "VEX.LIG.F3.0F.WIG 10 /r", Avx, Keep;
    VMOVSD_LOAD: "vmovsd", "w x, r m64", "VEX.LIG.F2.0F.WIG 10 /r", Avx, Keep;
    VMOVSD_STORE: "vmovsd", "w m64, r x", "VEX.LIG.F2.0F.WIG 11 /r", Avx, Keep;
    VMOVSD_RRR: "vmovsd", "w x, r x, r x", "VEX.LIG.F2.0F.WIG 10 /r", Avx, Keep;
    VMOVD_X_RM: "vmovd", "w x, r rm32", "VEX.128.66.0F.W0 6E /r", Avx, Keep;
    VMOVD_RM_X: "vmovd", "w rm32, r x", "VEX.128.66.0F.W0 7E /r", Avx, Keep;
    VMOVQ_X_RM: "vmovq", "w x, r rm64", "VEX.128.66.0F.W1 6E /r", Avx, Keep;
    VMOVQ_RM_X: "vmovq", "w rm64, r x", "VEX.128.66.0F.W1 7E /r", Avx, Keep;
    VMOVQ_X_XM: "vmovq", "w x, r xm64", "VEX.128.F3.0F.WIG 7E /r", Avx, Keep;
    VMOVQ_STORE: "vmovq", "w m64, r x", "VEX.128.66.0F.WIG D6 /r", Avx, Keep;
    VZEROUPPER: "vzeroupper", "", "VEX.128.NP.0F.WIG 77", Avx, Keep;
}
