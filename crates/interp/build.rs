//! Decides how handlers are dispatched: by tail jumps where the build turns calls in tail position
//! into jumps for certain, by a loop everywhere else.
//!
//! `WINDLASS_DISPATCH=loop` forces the loop.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=WINDLASS_DISPATCH");
    println!("cargo::rustc-check-cfg=cfg(windlass_tail_dispatch)");
    let arch = var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    // x86-64: the System V convention passes all eight registers, on every operating system.
    // aarch64: the C convention does.
    let enough_registers = matches!(arch.as_str(), "x86_64" | "aarch64");
    // LLVM makes sibling calls from level 2 on; sanitizers and Miri keep frames or forbid it.
    let optimized = matches!(var("OPT_LEVEL").as_deref(), Ok("2" | "3" | "s" | "z"));
    let plain = var("CARGO_CFG_SANITIZE").is_err() && var("CARGO_CFG_MIRI").is_err();
    let forced_loop = var("WINDLASS_DISPATCH").is_ok_and(|v| v == "loop");
    if enough_registers && optimized && plain && !forced_loop {
        println!("cargo::rustc-cfg=windlass_tail_dispatch");
    }
}
