//! Says where machine code runs: `cfg(native)`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(native)");
    let var = |name| std::env::var(name).unwrap_or_default();
    let miri = std::env::var_os("CARGO_CFG_MIRI").is_some();
    if var("CARGO_CFG_TARGET_ARCH") == "x86_64" && var("CARGO_CFG_TARGET_OS") == "linux" && !miri {
        println!("cargo::rustc-cfg=native");
    }
}
