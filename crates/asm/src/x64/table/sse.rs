//! The legacy forms of SSE to SSE4.2, where the destination is the first source.

super::rows! {
    after super::fma::END;

    // Scalar arithmetic.
    ADDSS: "addss", "rw x, r xm32", "F3 0F 58 /r", Sse, Keep;
    ADDSD: "addsd", "rw x, r xm64", "F2 0F 58 /r", Sse2, Keep;
    MULSS: "mulss", "rw x, r xm32", "F3 0F 59 /r", Sse, Keep;
    MULSD: "mulsd", "rw x, r xm64", "F2 0F 59 /r", Sse2, Keep;
    SUBSS: "subss", "rw x, r xm32", "F3 0F 5C /r", Sse, Keep;
    SUBSD: "subsd", "rw x, r xm64", "F2 0F 5C /r", Sse2, Keep;
    MINSS: "minss", "rw x, r xm32", "F3 0F 5D /r", Sse, Keep;
    MINSD: "minsd", "rw x, r xm64", "F2 0F 5D /r", Sse2, Keep;
    DIVSS: "divss", "rw x, r xm32", "F3 0F 5E /r", Sse, Keep;
    DIVSD: "divsd", "rw x, r xm64", "F2 0F 5E /r", Sse2, Keep;
    MAXSS: "maxss", "rw x, r xm32", "F3 0F 5F /r", Sse, Keep;
    MAXSD: "maxsd", "rw x, r xm64", "F2 0F 5F /r", Sse2, Keep;
    SQRTSS: "sqrtss", "rw x, r xm32", "F3 0F 51 /r", Sse, Keep;
    SQRTSD: "sqrtsd", "rw x, r xm64", "F2 0F 51 /r", Sse2, Keep;
    UCOMISS: "ucomiss", "r x, r xm32", "0F 2E /r", Sse, Write;
    UCOMISD: "ucomisd", "r x, r xm64", "66 0F 2E /r", Sse2, Write;
    ROUNDSS: "roundss", "rw x, r xm32, r u8", "66 0F 3A 0A /r ib", Sse41, Keep;
    ROUNDSD: "roundsd", "rw x, r xm64, r u8", "66 0F 3A 0B /r ib", Sse41, Keep;
    CMPSS: "cmpss", "rw x, r xm32, r u8", "F3 0F C2 /r ib", Sse, Keep;
    CMPSD: "cmpsd", "rw x, r xm64, r u8", "F2 0F C2 /r ib", Sse2, Keep;
    CVTSI2SS32: "cvtsi2ss", "rw x, r rm32", "F3 0F 2A /r", Sse, Keep;
    CVTSI2SS64: "cvtsi2ss", "rw x, r rm64", "F3 REX.W 0F 2A /r", Sse, Keep;
    CVTTSS2SI32: "cvttss2si", "w r32, r xm32", "F3 0F 2C /r", Sse, Keep;
    CVTTSS2SI64: "cvttss2si", "w r64, r xm32", "F3 REX.W 0F 2C /r", Sse, Keep;
    CVTSI2SD32: "cvtsi2sd", "rw x, r rm32", "F2 0F 2A /r", Sse2, Keep;
    CVTSI2SD64: "cvtsi2sd", "rw x, r rm64", "F2 REX.W 0F 2A /r", Sse2, Keep;
    CVTTSD2SI32: "cvttsd2si", "w r32, r xm64", "F2 0F 2C /r", Sse2, Keep;
    CVTTSD2SI64: "cvttsd2si", "w r64, r xm64", "F2 REX.W 0F 2C /r", Sse2, Keep;
    CVTSS2SD: "cvtss2sd", "rw x, r xm32", "F3 0F 5A /r", Sse2, Keep;
    CVTSD2SS: "cvtsd2ss", "rw x, r xm64", "F2 0F 5A /r", Sse2, Keep;

    // Scalar moves.
    MOVSS_LOAD: "movss", "w x, r m32", "F3 0F 10 /r", Sse, Keep;
    MOVSS_STORE: "movss", "w m32, r x", "F3 0F 11 /r", Sse, Keep;
    MOVSS_RR: "movss", "rw x, r x", "F3 0F 10 /r", Sse, Keep;
    MOVSD_LOAD: "movsd", "w x, r m64", "F2 0F 10 /r", Sse2, Keep;
    MOVSD_STORE: "movsd", "w m64, r x", "F2 0F 11 /r", Sse2, Keep;
    MOVSD_RR: "movsd", "rw x, r x", "F2 0F 10 /r", Sse2, Keep;
    MOVD_X_RM: "movd", "w x, r rm32", "66 0F 6E /r", Sse2, Keep;
    MOVD_RM_X: "movd", "w rm32, r x", "66 0F 7E /r", Sse2, Keep;
    MOVQ_X_RM: "movq", "w x, r rm64", "66 REX.W 0F 6E /r", Sse2, Keep;
    MOVQ_RM_X: "movq", "w rm64, r x", "66 REX.W 0F 7E /r", Sse2, Keep;
    MOVQ_X_XM: "movq", "w x, r xm64", "F3 0F 7E /r", Sse2, Keep;
    MOVQ_STORE: "movq", "w m64, r x", "66 0F D6 /r", Sse2, Keep;

    // Float vectors: arithmetic.
    ADDPS: "addps", "rw x, r xm128", "0F 58 /r", Sse, Keep;
    ADDPD: "addpd", "rw x, r xm128", "66 0F 58 /r", Sse2, Keep;
    SUBPS: "subps", "rw x, r xm128", "0F 5C /r", Sse, Keep;
    SUBPD: "subpd", "rw x, r xm128", "66 0F 5C /r", Sse2, Keep;
    MULPS: "mulps", "rw x, r xm128", "0F 59 /r", Sse, Keep;
    MULPD: "mulpd", "rw x, r xm128", "66 0F 59 /r", Sse2, Keep;
    DIVPS: "divps", "rw x, r xm128", "0F 5E /r", Sse, Keep;
    DIVPD: "divpd", "rw x, r xm128", "66 0F 5E /r", Sse2, Keep;
    MINPS: "minps", "rw x, r xm128", "0F 5D /r", Sse, Keep;
    MINPD: "minpd", "rw x, r xm128", "66 0F 5D /r", Sse2, Keep;
    MAXPS: "maxps", "rw x, r xm128", "0F 5F /r", Sse, Keep;
    MAXPD: "maxpd", "rw x, r xm128", "66 0F 5F /r", Sse2, Keep;
    SQRTPS: "sqrtps", "w x, r xm128", "0F 51 /r", Sse, Keep;
    SQRTPD: "sqrtpd", "w x, r xm128", "66 0F 51 /r", Sse2, Keep;
    ROUNDPS: "roundps", "w x, r xm128, r u8", "66 0F 3A 08 /r ib", Sse41, Keep;
    ROUNDPD: "roundpd", "w x, r xm128, r u8", "66 0F 3A 09 /r ib", Sse41, Keep;
    HADDPS: "haddps", "rw x, r xm128", "F2 0F 7C /r", Sse3, Keep;
    HADDPD: "haddpd", "rw x, r xm128", "66 0F 7C /r", Sse3, Keep;
    HSUBPS: "hsubps", "rw x, r xm128", "F2 0F 7D /r", Sse3, Keep;
    HSUBPD: "hsubpd", "rw x, r xm128", "66 0F 7D /r", Sse3, Keep;
    ADDSUBPS: "addsubps", "rw x, r xm128", "F2 0F D0 /r", Sse3, Keep;
    ADDSUBPD: "addsubpd", "rw x, r xm128", "66 0F D0 /r", Sse3, Keep;

    // Float vectors: logic, comparison, selection.
    ANDPS: "andps", "rw x, r xm128", "0F 54 /r", Sse, Keep;
    ANDPD: "andpd", "rw x, r xm128", "66 0F 54 /r", Sse2, Keep;
    ANDNPS: "andnps", "rw x, r xm128", "0F 55 /r", Sse, Keep;
    ANDNPD: "andnpd", "rw x, r xm128", "66 0F 55 /r", Sse2, Keep;
    ORPS: "orps", "rw x, r xm128", "0F 56 /r", Sse, Keep;
    ORPD: "orpd", "rw x, r xm128", "66 0F 56 /r", Sse2, Keep;
    XORPS: "xorps", "rw x, r xm128", "0F 57 /r", Sse, Keep;
    XORPD: "xorpd", "rw x, r xm128", "66 0F 57 /r", Sse2, Keep;
    CMPPS: "cmpps", "rw x, r xm128, r u8", "0F C2 /r ib", Sse, Keep;
    CMPPD: "cmppd", "rw x, r xm128, r u8", "66 0F C2 /r ib", Sse2, Keep;
    BLENDVPS: "blendvps", "rw x, r xm128, r <xmm0>", "66 0F 38 14 /r", Sse41, Keep;
    BLENDVPD: "blendvpd", "rw x, r xm128, r <xmm0>", "66 0F 38 15 /r", Sse41, Keep;
    BLENDPS: "blendps", "rw x, r xm128, r u8", "66 0F 3A 0C /r ib", Sse41, Keep;
    BLENDPD: "blendpd", "rw x, r xm128, r u8", "66 0F 3A 0D /r ib", Sse41, Keep;
    MOVMSKPS: "movmskps", "w r32, r x", "0F 50 /r", Sse, Keep;
    MOVMSKPD: "movmskpd", "w r32, r x", "66 0F 50 /r", Sse2, Keep;

    // Float vectors: shuffles.
    UNPCKLPS: "unpcklps", "rw x, r xm128", "0F 14 /r", Sse, Keep;
    UNPCKLPD: "unpcklpd", "rw x, r xm128", "66 0F 14 /r", Sse2, Keep;
    UNPCKHPS: "unpckhps", "rw x, r xm128", "0F 15 /r", Sse, Keep;
    UNPCKHPD: "unpckhpd", "rw x, r xm128", "66 0F 15 /r", Sse2, Keep;
    SHUFPS: "shufps", "rw x, r xm128, r u8", "0F C6 /r ib", Sse, Keep;
    SHUFPD: "shufpd", "rw x, r xm128, r u8", "66 0F C6 /r ib", Sse2, Keep;
    MOVDDUP: "movddup", "w x, r xm64", "F2 0F 12 /r", Sse3, Keep;
    MOVSLDUP: "movsldup", "w x, r xm128", "F3 0F 12 /r", Sse3, Keep;
    MOVSHDUP: "movshdup", "w x, r xm128", "F3 0F 16 /r", Sse3, Keep;
    INSERTPS: "insertps", "rw x, r xm32, r u8", "66 0F 3A 21 /r ib", Sse41, Keep;
    EXTRACTPS: "extractps", "w rm32, r x, r u8", "66 0F 3A 17 /r ib", Sse41, Keep;

    // Float vectors: conversions.
    CVTDQ2PS: "cvtdq2ps", "w x, r xm128", "0F 5B /r", Sse2, Keep;
    CVTPS2DQ: "cvtps2dq", "w x, r xm128", "66 0F 5B /r", Sse2, Keep;
    CVTTPS2DQ: "cvttps2dq", "w x, r xm128", "F3 0F 5B /r", Sse2, Keep;
    CVTDQ2PD: "cvtdq2pd", "w x, r xm64", "F3 0F E6 /r", Sse2, Keep;
    CVTPD2DQ: "cvtpd2dq", "w x, r xm128", "F2 0F E6 /r", Sse2, Keep;
    CVTTPD2DQ: "cvttpd2dq", "w x, r xm128", "66 0F E6 /r", Sse2, Keep;
    CVTPS2PD: "cvtps2pd", "w x, r xm64", "0F 5A /r", Sse2, Keep;
    CVTPD2PS: "cvtpd2ps", "w x, r xm128", "66 0F 5A /r", Sse2, Keep;

    // Float vectors: moves.
    MOVAPS: "movaps", "w x, r xm128", "0F 28 /r", Sse, Keep;
    MOVAPS_STORE: "movaps", "w m128, r x", "0F 29 /r", Sse, Keep;
    MOVAPD: "movapd", "w x, r xm128", "66 0F 28 /r", Sse2, Keep;
    MOVAPD_STORE: "movapd", "w m128, r x", "66 0F 29 /r", Sse2, Keep;
    MOVUPS_LOAD: "movups", "w x, r xm128", "0F 10 /r", Sse, Keep;
    MOVUPS_STORE: "movups", "w m128, r x", "0F 11 /r", Sse, Keep;
    MOVUPD_LOAD: "movupd", "w x, r xm128", "66 0F 10 /r", Sse2, Keep;
    MOVUPD_STORE: "movupd", "w m128, r x", "66 0F 11 /r", Sse2, Keep;
    MOVDQA_LOAD: "movdqa", "w x, r xm128", "66 0F 6F /r", Sse2, Keep;
    MOVDQA_STORE: "movdqa", "w m128, r x", "66 0F 7F /r", Sse2, Keep;
    MOVDQU_LOAD: "movdqu", "w x, r xm128", "F3 0F 6F /r", Sse2, Keep;
    MOVDQU_STORE: "movdqu", "w m128, r x", "F3 0F 7F /r", Sse2, Keep;
    MOVHLPS: "movhlps", "rw x, r x", "0F 12 /r", Sse, Keep;
    MOVLHPS: "movlhps", "rw x, r x", "0F 16 /r", Sse, Keep;
    MOVLPS_LOAD: "movlps", "rw x, r m64", "0F 12 /r", Sse, Keep;
    MOVLPS_STORE: "movlps", "w m64, r x", "0F 13 /r", Sse, Keep;
    MOVHPS_LOAD: "movhps", "rw x, r m64", "0F 16 /r", Sse, Keep;
    MOVHPS_STORE: "movhps", "w m64, r x", "0F 17 /r", Sse, Keep;
    MOVLPD_LOAD: "movlpd", "rw x, r m64", "66 0F 12 /r", Sse2, Keep;
    MOVLPD_STORE: "movlpd", "w m64, r x", "66 0F 13 /r", Sse2, Keep;
    MOVHPD_LOAD: "movhpd", "rw x, r m64", "66 0F 16 /r", Sse2, Keep;
    MOVHPD_STORE: "movhpd", "w m64, r x", "66 0F 17 /r", Sse2, Keep;

    // Integer vectors: sums and differences.
    PADDB: "paddb", "rw x, r xm128", "66 0F FC /r", Sse2, Keep;
    PADDW: "paddw", "rw x, r xm128", "66 0F FD /r", Sse2, Keep;
    PADDD: "paddd", "rw x, r xm128", "66 0F FE /r", Sse2, Keep;
    PADDQ: "paddq", "rw x, r xm128", "66 0F D4 /r", Sse2, Keep;
    PSUBB: "psubb", "rw x, r xm128", "66 0F F8 /r", Sse2, Keep;
    PSUBW: "psubw", "rw x, r xm128", "66 0F F9 /r", Sse2, Keep;
    PSUBD: "psubd", "rw x, r xm128", "66 0F FA /r", Sse2, Keep;
    PSUBQ: "psubq", "rw x, r xm128", "66 0F FB /r", Sse2, Keep;
    PADDSB: "paddsb", "rw x, r xm128", "66 0F EC /r", Sse2, Keep;
    PADDSW: "paddsw", "rw x, r xm128", "66 0F ED /r", Sse2, Keep;
    PADDUSB: "paddusb", "rw x, r xm128", "66 0F DC /r", Sse2, Keep;
    PADDUSW: "paddusw", "rw x, r xm128", "66 0F DD /r", Sse2, Keep;
    PSUBSB: "psubsb", "rw x, r xm128", "66 0F E8 /r", Sse2, Keep;
    PSUBSW: "psubsw", "rw x, r xm128", "66 0F E9 /r", Sse2, Keep;
    PSUBUSB: "psubusb", "rw x, r xm128", "66 0F D8 /r", Sse2, Keep;
    PSUBUSW: "psubusw", "rw x, r xm128", "66 0F D9 /r", Sse2, Keep;
    PAVGB: "pavgb", "rw x, r xm128", "66 0F E0 /r", Sse2, Keep;
    PAVGW: "pavgw", "rw x, r xm128", "66 0F E3 /r", Sse2, Keep;
    PSADBW: "psadbw", "rw x, r xm128", "66 0F F6 /r", Sse2, Keep;
    PHADDW: "phaddw", "rw x, r xm128", "66 0F 38 01 /r", Ssse3, Keep;
    PHADDD: "phaddd", "rw x, r xm128", "66 0F 38 02 /r", Ssse3, Keep;
    PHADDSW: "phaddsw", "rw x, r xm128", "66 0F 38 03 /r", Ssse3, Keep;
    PHSUBW: "phsubw", "rw x, r xm128", "66 0F 38 05 /r", Ssse3, Keep;
    PHSUBD: "phsubd", "rw x, r xm128", "66 0F 38 06 /r", Ssse3, Keep;
    PHSUBSW: "phsubsw", "rw x, r xm128", "66 0F 38 07 /r", Ssse3, Keep;
    PSIGNB: "psignb", "rw x, r xm128", "66 0F 38 08 /r", Ssse3, Keep;
    PSIGNW: "psignw", "rw x, r xm128", "66 0F 38 09 /r", Ssse3, Keep;
    PSIGND: "psignd", "rw x, r xm128", "66 0F 38 0A /r", Ssse3, Keep;
    PABSB: "pabsb", "w x, r xm128", "66 0F 38 1C /r", Ssse3, Keep;
    PABSW: "pabsw", "w x, r xm128", "66 0F 38 1D /r", Ssse3, Keep;
    PABSD: "pabsd", "w x, r xm128", "66 0F 38 1E /r", Ssse3, Keep;

    // Integer vectors: products.
    PMULLW: "pmullw", "rw x, r xm128", "66 0F D5 /r", Sse2, Keep;
    PMULHW: "pmulhw", "rw x, r xm128", "66 0F E5 /r", Sse2, Keep;
    PMULHUW: "pmulhuw", "rw x, r xm128", "66 0F E4 /r", Sse2, Keep;
    PMULUDQ: "pmuludq", "rw x, r xm128", "66 0F F4 /r", Sse2, Keep;
    PMADDWD: "pmaddwd", "rw x, r xm128", "66 0F F5 /r", Sse2, Keep;
    PMADDUBSW: "pmaddubsw", "rw x, r xm128", "66 0F 38 04 /r", Ssse3, Keep;
    PMULHRSW: "pmulhrsw", "rw x, r xm128", "66 0F 38 0B /r", Ssse3, Keep;
    PMULDQ: "pmuldq", "rw x, r xm128", "66 0F 38 28 /r", Sse41, Keep;
    PMULLD: "pmulld", "rw x, r xm128", "66 0F 38 40 /r", Sse41, Keep;

    // Integer vectors: logic, comparison, least and greatest, selection.
    PAND: "pand", "rw x, r xm128", "66 0F DB /r", Sse2, Keep;
    PANDN: "pandn", "rw x, r xm128", "66 0F DF /r", Sse2, Keep;
    POR: "por", "rw x, r xm128", "66 0F EB /r", Sse2, Keep;
    PXOR: "pxor", "rw x, r xm128", "66 0F EF /r", Sse2, Keep;
    PCMPEQB: "pcmpeqb", "rw x, r xm128", "66 0F 74 /r", Sse2, Keep;
    PCMPEQW: "pcmpeqw", "rw x, r xm128", "66 0F 75 /r", Sse2, Keep;
    PCMPEQD: "pcmpeqd", "rw x, r xm128", "66 0F 76 /r", Sse2, Keep;
    PCMPGTB: "pcmpgtb", "rw x, r xm128", "66 0F 64 /r", Sse2, Keep;
    PCMPGTW: "pcmpgtw", "rw x, r xm128", "66 0F 65 /r", Sse2, Keep;
    PCMPGTD: "pcmpgtd", "rw x, r xm128", "66 0F 66 /r", Sse2, Keep;
    PMINUB: "pminub", "rw x, r xm128", "66 0F DA /r", Sse2, Keep;
    PMAXUB: "pmaxub", "rw x, r xm128", "66 0F DE /r", Sse2, Keep;
    PMINSW: "pminsw", "rw x, r xm128", "66 0F EA /r", Sse2, Keep;
    PMAXSW: "pmaxsw", "rw x, r xm128", "66 0F EE /r", Sse2, Keep;
    PCMPEQQ: "pcmpeqq", "rw x, r xm128", "66 0F 38 29 /r", Sse41, Keep;
    PMINSB: "pminsb", "rw x, r xm128", "66 0F 38 38 /r", Sse41, Keep;
    PMINSD: "pminsd", "rw x, r xm128", "66 0F 38 39 /r", Sse41, Keep;
    PMINUW: "pminuw", "rw x, r xm128", "66 0F 38 3A /r", Sse41, Keep;
    PMINUD: "pminud", "rw x, r xm128", "66 0F 38 3B /r", Sse41, Keep;
    PMAXSB: "pmaxsb", "rw x, r xm128", "66 0F 38 3C /r", Sse41, Keep;
    PMAXSD: "pmaxsd", "rw x, r xm128", "66 0F 38 3D /r", Sse41, Keep;
    PMAXUW: "pmaxuw", "rw x, r xm128", "66 0F 38 3E /r", Sse41, Keep;
    PMAXUD: "pmaxud", "rw x, r xm128", "66 0F 38 3F /r", Sse41, Keep;
    PCMPGTQ: "pcmpgtq", "rw x, r xm128", "66 0F 38 37 /r", Sse42, Keep;
    PBLENDVB: "pblendvb", "rw x, r xm128, r <xmm0>", "66 0F 38 10 /r", Sse41, Keep;
    PBLENDW: "pblendw", "rw x, r xm128, r u8", "66 0F 3A 0E /r ib", Sse41, Keep;
    PTEST: "ptest", "r x, r xm128", "66 0F 38 17 /r", Sse41, Write;
    PMOVMSKB: "pmovmskb", "w r32, r x", "66 0F D7 /r", Sse2, Keep;

    // Integer vectors: shifts.
    PSRLW: "psrlw", "rw x, r xm128", "66 0F D1 /r", Sse2, Keep;
    PSRLD: "psrld", "rw x, r xm128", "66 0F D2 /r", Sse2, Keep;
    PSRLQ: "psrlq", "rw x, r xm128", "66 0F D3 /r", Sse2, Keep;
    PSRAW: "psraw", "rw x, r xm128", "66 0F E1 /r", Sse2, Keep;
    PSRAD: "psrad", "rw x, r xm128", "66 0F E2 /r", Sse2, Keep;
    PSLLW: "psllw", "rw x, r xm128", "66 0F F1 /r", Sse2, Keep;
    PSLLD: "pslld", "rw x, r xm128", "66 0F F2 /r", Sse2, Keep;
    PSLLQ: "psllq", "rw x, r xm128", "66 0F F3 /r", Sse2, Keep;
    PSRLW_I: "psrlw", "rw x, r u8", "66 0F 71 /2 ib", Sse2, Keep;
    PSRAW_I: "psraw", "rw x, r u8", "66 0F 71 /4 ib", Sse2, Keep;
    PSLLW_I: "psllw", "rw x, r u8", "66 0F 71 /6 ib", Sse2, Keep;
    PSRLD_I: "psrld", "rw x, r u8", "66 0F 72 /2 ib", Sse2, Keep;
    PSRAD_I: "psrad", "rw x, r u8", "66 0F 72 /4 ib", Sse2, Keep;
    PSLLD_I: "pslld", "rw x, r u8", "66 0F 72 /6 ib", Sse2, Keep;
    PSRLQ_I: "psrlq", "rw x, r u8", "66 0F 73 /2 ib", Sse2, Keep;
    PSRLDQ_I: "psrldq", "rw x, r u8", "66 0F 73 /3 ib", Sse2, Keep;
    PSLLQ_I: "psllq", "rw x, r u8", "66 0F 73 /6 ib", Sse2, Keep;
    PSLLDQ_I: "pslldq", "rw x, r u8", "66 0F 73 /7 ib", Sse2, Keep;

    // Integer vectors: shuffles, packing and widening.
    PSHUFB: "pshufb", "rw x, r xm128", "66 0F 38 00 /r", Ssse3, Keep;
    PSHUFD: "pshufd", "w x, r xm128, r u8", "66 0F 70 /r ib", Sse2, Keep;
    PSHUFHW: "pshufhw", "w x, r xm128, r u8", "F3 0F 70 /r ib", Sse2, Keep;
    PSHUFLW: "pshuflw", "w x, r xm128, r u8", "F2 0F 70 /r ib", Sse2, Keep;
    PALIGNR: "palignr", "rw x, r xm128, r u8", "66 0F 3A 0F /r ib", Ssse3, Keep;
    PUNPCKLBW: "punpcklbw", "rw x, r xm128", "66 0F 60 /r", Sse2, Keep;
    PUNPCKLWD: "punpcklwd", "rw x, r xm128", "66 0F 61 /r", Sse2, Keep;
    PUNPCKLDQ: "punpckldq", "rw x, r xm128", "66 0F 62 /r", Sse2, Keep;
    PUNPCKLQDQ: "punpcklqdq", "rw x, r xm128", "66 0F 6C /r", Sse2, Keep;
    PUNPCKHBW: "punpckhbw", "rw x, r xm128", "66 0F 68 /r", Sse2, Keep;
    PUNPCKHWD: "punpckhwd", "rw x, r xm128", "66 0F 69 /r", Sse2, Keep;
    PUNPCKHDQ: "punpckhdq", "rw x, r xm128", "66 0F 6A /r", Sse2, Keep;
    PUNPCKHQDQ: "punpckhqdq", "rw x, r xm128", "66 0F 6D /r", Sse2, Keep;
    PACKSSWB: "packsswb", "rw x, r xm128", "66 0F 63 /r", Sse2, Keep;
    PACKSSDW: "packssdw", "rw x, r xm128", "66 0F 6B /r", Sse2, Keep;
    PACKUSWB: "packuswb", "rw x, r xm128", "66 0F 67 /r", Sse2, Keep;
    PACKUSDW: "packusdw", "rw x, r xm128", "66 0F 38 2B /r", Sse41, Keep;
    PMOVSXBW: "pmovsxbw", "w x, r xm64", "66 0F 38 20 /r", Sse41, Keep;
    PMOVSXBD: "pmovsxbd", "w x, r xm32", "66 0F 38 21 /r", Sse41, Keep;
    PMOVSXBQ: "pmovsxbq", "w x, r xm16", "66 0F 38 22 /r", Sse41, Keep;
    PMOVSXWD: "pmovsxwd", "w x, r xm64", "66 0F 38 23 /r", Sse41, Keep;
    PMOVSXWQ: "pmovsxwq", "w x, r xm32", "66 0F 38 24 /r", Sse41, Keep;
    PMOVSXDQ: "pmovsxdq", "w x, r xm64", "66 0F 38 25 /r", Sse41, Keep;
    PMOVZXBW: "pmovzxbw", "w x, r xm64", "66 0F 38 30 /r", Sse41, Keep;
    PMOVZXBD: "pmovzxbd", "w x, r xm32", "66 0F 38 31 /r", Sse41, Keep;
    PMOVZXBQ: "pmovzxbq", "w x, r xm16", "66 0F 38 32 /r", Sse41, Keep;
    PMOVZXWD: "pmovzxwd", "w x, r xm64", "66 0F 38 33 /r", Sse41, Keep;
    PMOVZXWQ: "pmovzxwq", "w x, r xm32", "66 0F 38 34 /r", Sse41, Keep;
    PMOVZXDQ: "pmovzxdq", "w x, r xm64", "66 0F 38 35 /r", Sse41, Keep;

    // Integer vectors: lanes.
    PINSRB: "pinsrb", "rw x, r r32m8, r u8", "66 0F 3A 20 /r ib", Sse41, Keep;
    PINSRW: "pinsrw", "rw x, r r32m16, r u8", "66 0F C4 /r ib", Sse2, Keep;
    PINSRD: "pinsrd", "rw x, r rm32, r u8", "66 0F 3A 22 /r ib", Sse41, Keep;
    PINSRQ: "pinsrq", "rw x, r rm64, r u8", "66 REX.W 0F 3A 22 /r ib", Sse41, Keep;
    PEXTRB: "pextrb", "w r32m8, r x, r u8", "66 0F 3A 14 /r ib", Sse41, Keep;
    PEXTRW: "pextrw", "w r32m16, r x, r u8", "66 0F 3A 15 /r ib", Sse41, Keep;
    PEXTRD: "pextrd", "w rm32, r x, r u8", "66 0F 3A 16 /r ib", Sse41, Keep;
    PEXTRQ: "pextrq", "w rm64, r x, r u8", "66 REX.W 0F 3A 16 /r ib", Sse41, Keep;
    PEXTRW_RR: "pextrw", "w r32, r x, r u8", "66 0F C5 /r ib", Sse2, Keep;
}
