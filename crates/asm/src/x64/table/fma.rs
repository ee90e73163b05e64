//! Fused multiply-add. The digits tell which operands are multiplied and which is added: `213` is second
//! times first plus third.

super::rows! {
    after super::vector::END;

    // Product plus summand.
    VFMADD132SS: "vfmadd132ss", "rw x, r x, r xm32", "VEX.LIG.66.0F38.W0 99 /r", Fma, Keep;
    VFMADD132SD: "vfmadd132sd", "rw x, r x, r xm64", "VEX.LIG.66.0F38.W1 99 /r", Fma, Keep;
    VFMADD132PS: "vfmadd132ps", "rw x, r x, r xm128", "VEX.128.66.0F38.W0 98 /r", Fma, Keep;
    VFMADD132PS_Y: "vfmadd132ps", "rw y, r y, r ym256", "VEX.256.66.0F38.W0 98 /r", Fma, Keep;
    VFMADD132PD: "vfmadd132pd", "rw x, r x, r xm128", "VEX.128.66.0F38.W1 98 /r", Fma, Keep;
    VFMADD132PD_Y: "vfmadd132pd", "rw y, r y, r ym256", "VEX.256.66.0F38.W1 98 /r", Fma, Keep;
    VFMADD213SS: "vfmadd213ss", "rw x, r x, r xm32", "VEX.LIG.66.0F38.W0 A9 /r", Fma, Keep;
    VFMADD213SD: "vfmadd213sd", "rw x, r x, r xm64", "VEX.LIG.66.0F38.W1 A9 /r", Fma, Keep;
    VFMADD213PS: "vfmadd213ps", "rw x, r x, r xm128", "VEX.128.66.0F38.W0 A8 /r", Fma, Keep;
    VFMADD213PS_Y: "vfmadd213ps", "rw y, r y, r ym256", "VEX.256.66.0F38.W0 A8 /r", Fma, Keep;
    VFMADD213PD: "vfmadd213pd", "rw x, r x, r xm128", "VEX.128.66.0F38.W1 A8 /r", Fma, Keep;
    VFMADD213PD_Y: "vfmadd213pd", "rw y, r y, r ym256", "VEX.256.66.0F38.W1 A8 /r", Fma, Keep;
    VFMADD231SS: "vfmadd231ss", "rw x, r x, r xm32", "VEX.LIG.66.0F38.W0 B9 /r", Fma, Keep;
    VFMADD231SD: "vfmadd231sd", "rw x, r x, r xm64", "VEX.LIG.66.0F38.W1 B9 /r", Fma, Keep;
    VFMADD231PS: "vfmadd231ps", "rw x, r x, r xm128", "VEX.128.66.0F38.W0 B8 /r", Fma, Keep;
    VFMADD231PS_Y: "vfmadd231ps", "rw y, r y, r ym256", "VEX.256.66.0F38.W0 B8 /r", Fma, Keep;
    VFMADD231PD: "vfmadd231pd", "rw x, r x, r xm128", "VEX.128.66.0F38.W1 B8 /r", Fma, Keep;
    VFMADD231PD_Y: "vfmadd231pd", "rw y, r y, r ym256", "VEX.256.66.0F38.W1 B8 /r", Fma, Keep;

    // Product minus summand.
    VFMSUB132SS: "vfmsub132ss", "rw x, r x, r xm32", "VEX.LIG.66.0F38.W0 9B /r", Fma, Keep;
    VFMSUB132SD: "vfmsub132sd", "rw x, r x, r xm64", "VEX.LIG.66.0F38.W1 9B /r", Fma, Keep;
    VFMSUB132PS: "vfmsub132ps", "rw x, r x, r xm128", "VEX.128.66.0F38.W0 9A /r", Fma, Keep;
    VFMSUB132PS_Y: "vfmsub132ps", "rw y, r y, r ym256", "VEX.256.66.0F38.W0 9A /r", Fma, Keep;
    VFMSUB132PD: "vfmsub132pd", "rw x, r x, r xm128", "VEX.128.66.0F38.W1 9A /r", Fma, Keep;
    VFMSUB132PD_Y: "vfmsub132pd", "rw y, r y, r ym256", "VEX.256.66.0F38.W1 9A /r", Fma, Keep;
    VFMSUB213SS: "vfmsub213ss", "rw x, r x, r xm32", "VEX.LIG.66.0F38.W0 AB /r", Fma, Keep;
    VFMSUB213SD: "vfmsub213sd", "rw x, r x, r xm64", "VEX.LIG.66.0F38.W1 AB /r", Fma, Keep;
    VFMSUB213PS: "vfmsub213ps", "rw x, r x, r xm128", "VEX.128.66.0F38.W0 AA /r", Fma, Keep;
    VFMSUB213PS_Y: "vfmsub213ps", "rw y, r y, r ym256", "VEX.256.66.0F38.W0 AA /r", Fma, Keep;
    VFMSUB213PD: "vfmsub213pd", "rw x, r x, r xm128", "VEX.128.66.0F38.W1 AA /r", Fma, Keep;
    VFMSUB213PD_Y: "vfmsub213pd", "rw y, r y, r ym256", "VEX.256.66.0F38.W1 AA /r", Fma, Keep;
    VFMSUB231SS: "vfmsub231ss", "rw x, r x, r xm32", "VEX.LIG.66.0F38.W0 BB /r", Fma, Keep;
    VFMSUB231SD: "vfmsub231sd", "rw x, r x, r xm64", "VEX.LIG.66.0F38.W1 BB /r", Fma, Keep;
    VFMSUB231PS: "vfmsub231ps", "rw x, r x, r xm128", "VEX.128.66.0F38.W0 BA /r", Fma, Keep;
    VFMSUB231PS_Y: "vfmsub231ps", "rw y, r y, r ym256", "VEX.256.66.0F38.W0 BA /r", Fma, Keep;
    VFMSUB231PD: "vfmsub231pd", "rw x, r x, r xm128", "VEX.128.66.0F38.W1 BA /r", Fma, Keep;
    VFMSUB231PD_Y: "vfmsub231pd", "rw y, r y, r ym256", "VEX.256.66.0F38.W1 BA /r", Fma, Keep;

    // Summand minus product.
    VFNMADD132SS: "vfnmadd132ss", "rw x, r x, r xm32", "VEX.LIG.66.0F38.W0 9D /r", Fma, Keep;
    VFNMADD132SD: "vfnmadd132sd", "rw x, r x, r xm64", "VEX.LIG.66.0F38.W1 9D /r", Fma, Keep;
    VFNMADD132PS: "vfnmadd132ps", "rw x, r x, r xm128", "VEX.128.66.0F38.W0 9C /r", Fma, Keep;
    VFNMADD132PS_Y: "vfnmadd132ps", "rw y, r y, r ym256", "VEX.256.66.0F38.W0 9C /r", Fma, Keep;
    VFNMADD132PD: "vfnmadd132pd", "rw x, r x, r xm128", "VEX.128.66.0F38.W1 9C /r", Fma, Keep;
    VFNMADD132PD_Y: "vfnmadd132pd", "rw y, r y, r ym256", "VEX.256.66.0F38.W1 9C /r", Fma, Keep;
    VFNMADD213SS: "vfnmadd213ss", "rw x, r x, r xm32", "VEX.LIG.66.0F38.W0 AD /r", Fma, Keep;
    VFNMADD213SD: "vfnmadd213sd", "rw x, r x, r xm64", "VEX.LIG.66.0F38.W1 AD /r", Fma, Keep;
    VFNMADD213PS: "vfnmadd213ps", "rw x, r x, r xm128", "VEX.128.66.0F38.W0 AC /r", Fma, Keep;
    VFNMADD213PS_Y: "vfnmadd213ps", "rw y, r y, r ym256", "VEX.256.66.0F38.W0 AC /r", Fma, Keep;
    VFNMADD213PD: "vfnmadd213pd", "rw x, r x, r xm128", "VEX.128.66.0F38.W1 AC /r", Fma, Keep;
    VFNMADD213PD_Y: "vfnmadd213pd", "rw y, r y, r ym256", "VEX.256.66.0F38.W1 AC /r", Fma, Keep;
    VFNMADD231SS: "vfnmadd231ss", "rw x, r x, r xm32", "VEX.LIG.66.0F38.W0 BD /r", Fma, Keep;
    VFNMADD231SD: "vfnmadd231sd", "rw x, r x, r xm64", "VEX.LIG.66.0F38.W1 BD /r", Fma, Keep;
    VFNMADD231PS: "vfnmadd231ps", "rw x, r x, r xm128", "VEX.128.66.0F38.W0 BC /r", Fma, Keep;
    VFNMADD231PS_Y: "vfnmadd231ps", "rw y, r y, r ym256", "VEX.256.66.0F38.W0 BC /r", Fma, Keep;
    VFNMADD231PD: "vfnmadd231pd", "rw x, r x, r xm128", "VEX.128.66.0F38.W1 BC /r", Fma, Keep;
    VFNMADD231PD_Y: "vfnmadd231pd", "rw y, r y, r ym256", "VEX.256.66.0F38.W1 BC /r", Fma, Keep;

    // Minus product minus summand.
    VFNMSUB132SS: "vfnmsub132ss", "rw x, r x, r xm32", "VEX.LIG.66.0F38.W0 9F /r", Fma, Keep;
    VFNMSUB132SD: "vfnmsub132sd", "rw x, r x, r xm64", "VEX.LIG.66.0F38.W1 9F /r", Fma, Keep;
    VFNMSUB132PS: "vfnmsub132ps", "rw x, r x, r xm128", "VEX.128.66.0F38.W0 9E /r", Fma, Keep;
    VFNMSUB132PS_Y: "vfnmsub132ps", "rw y, r y, r ym256", "VEX.256.66.0F38.W0 9E /r", Fma, Keep;
    VFNMSUB132PD: "vfnmsub132pd", "rw x, r x, r xm128", "VEX.128.66.0F38.W1 9E /r", Fma, Keep;
    VFNMSUB132PD_Y: "vfnmsub132pd", "rw y, r y, r ym256", "VEX.256.66.0F38.W1 9E /r", Fma, Keep;
    VFNMSUB213SS: "vfnmsub213ss", "rw x, r x, r xm32", "VEX.LIG.66.0F38.W0 AF /r", Fma, Keep;
    VFNMSUB213SD: "vfnmsub213sd", "rw x, r x, r xm64", "VEX.LIG.66.0F38.W1 AF /r", Fma, Keep;
    VFNMSUB213PS: "vfnmsub213ps", "rw x, r x, r xm128", "VEX.128.66.0F38.W0 AE /r", Fma, Keep;
    VFNMSUB213PS_Y: "vfnmsub213ps", "rw y, r y, r ym256", "VEX.256.66.0F38.W0 AE /r", Fma, Keep;
    VFNMSUB213PD: "vfnmsub213pd", "rw x, r x, r xm128", "VEX.128.66.0F38.W1 AE /r", Fma, Keep;
    VFNMSUB213PD_Y: "vfnmsub213pd", "rw y, r y, r ym256", "VEX.256.66.0F38.W1 AE /r", Fma, Keep;
    VFNMSUB231SS: "vfnmsub231ss", "rw x, r x, r xm32", "VEX.LIG.66.0F38.W0 BF /r", Fma, Keep;
    VFNMSUB231SD: "vfnmsub231sd", "rw x, r x, r xm64", "VEX.LIG.66.0F38.W1 BF /r", Fma, Keep;
    VFNMSUB231PS: "vfnmsub231ps", "rw x, r x, r xm128", "VEX.128.66.0F38.W0 BE /r", Fma, Keep;
    VFNMSUB231PS_Y: "vfnmsub231ps", "rw y, r y, r ym256", "VEX.256.66.0F38.W0 BE /r", Fma, Keep;
    VFNMSUB231PD: "vfnmsub231pd", "rw x, r x, r xm128", "VEX.128.66.0F38.W1 BE /r", Fma, Keep;
    VFNMSUB231PD_Y: "vfnmsub231pd", "rw y, r y, r ym256", "VEX.256.66.0F38.W1 BE /r", Fma, Keep;
}
