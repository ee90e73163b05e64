#!/usr/bin/env bash
# Runs tests for another processor under qemu, on a Debian (12 or later) x86-64 machine.
#
#   scripts/cross-test.sh setup                       once: packages (as root) and a Rust toolchain, into $WINDLASS_CROSS
#   scripts/cross-test.sh aarch64                     the core suite on the interpreter
#   scripts/cross-test.sh s390x -p windlass-interp    any arguments of `cargo test`
#
# $WINDLASS_CROSS (default: ~/.cache/windlass-cross) holds the toolchain and the target directories. rustup has
# no standard library for a target that nobody installed, so Debian's rustc-web with its sources builds it
# (-Zbuild-std): some 80 s of CPU, once per target. s390x is big-endian: what passes there depends on no byte order.
set -euo pipefail

cd "$(dirname "$0")/.."
cross=${WINDLASS_CROSS:-${XDG_CACHE_HOME:-$HOME/.cache}/windlass-cross}
core=(-p windlass-abi -p windlass-wasm -p windlass-interp -p windlass-runtime -p windlass -p windlass-wast)

usage() {
    sed -n '2,7s/^# \{0,1\}//p' "$0"
    exit 2
}

setup() {
    local root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    "${root[@]}" apt-get update
    # Some names hold a version: ask for them.
    local std llvm git
    std=$(needs libstd-rust-web-dev libstd-rust-web-)
    llvm=$(needs "$std" libllvm)
    git=$(needs cargo-web libgit2-)
    "${root[@]}" apt-get install -y --no-install-recommends qemu-user-static "$git" \
        gcc-{aarch64,riscv64,s390x}-linux-gnu libc6-dev-{arm64,riscv64,s390x}-cross
    # Unpacked, not installed: these packages conflict with another installed Rust.
    mkdir -p "$cross/debs"
    (cd "$cross/debs" && apt-get download rustc-web cargo-web rust-web-src libstd-rust-web-dev "$std" "$llvm")
    for deb in "$cross"/debs/*.deb; do
        dpkg -x "$deb" "$cross/root"
    done
    rm -r "$cross/debs"
}

# The package whose name starts with $2 on which package $1 depends.
needs() {
    apt-cache depends "$1" | sed -n "s/^ *Depends: \($2[^ ]*\)$/\1/p" | head -n 1
}

[ $# -gt 0 ] || usage
case $1 in
    setup) setup; exit ;;
    aarch64 | s390x) triple=$1-unknown-linux-gnu ;;
    riscv64) triple=riscv64gc-unknown-linux-gnu ;;
    *) usage ;;
esac
machine=$1
shift
[ -x "$cross/root/usr/bin/cargo" ] || { echo "no toolchain in $cross: run '$0 setup' first" >&2; exit 1; }

var=CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$triple")
export "${var}_LINKER=$machine-linux-gnu-gcc"
export "${var}_RUNNER=qemu-$machine-static -L /usr/$machine-linux-gnu"
# qemu keeps notes on every page that a guest reserves, and takes 24 bytes and more for each: give it 32 GiB to reserve in.
export QEMU_RESERVED_VA=${QEMU_RESERVED_VA:-0x800000000}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cross/target}
export RUSTC_BOOTSTRAP=1 RUSTC=$cross/root/usr/bin/rustc RUSTDOC=$cross/root/usr/bin/rustdoc
export LD_LIBRARY_PATH=$cross/root/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
exec "$cross/root/usr/bin/cargo" test -Zbuild-std=std,panic_abort,test --target "$triple" "${@:-${core[@]}}"
