#!/usr/bin/env bash
# Looks for bad accesses and leaks: the official suite, the runtime's and the API's tests under AddressSanitizer.
#
#   scripts/asan.sh            all of them, on every tier
#   scripts/asan.sh -- ARGS    any arguments of `cargo test`
#
# Stable Rust can do it (RUSTC_BOOTSTRAP), without building the standard library anew. Machine code that Windlass makes is
# not instrumented; what it calls is. Builds lie in $WINDLASS_SANITIZE (default: target/sanitize).
set -euo pipefail
cd "$(dirname "$0")/.."

export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zsanitizer=address"
export CARGO_TARGET_DIR=${WINDLASS_SANITIZE:-$PWD/target/sanitize}/address
# - Faults of guests are signals that the runtime handles, on stacks for signals that it sets up itself.
# - Locals stay on the real stack, whose end the runtime computes with.
# - Tests ask for more memory than there is, and expect an error.
options=(
    handle_segv=0 handle_sigbus=0 handle_sigill=0 handle_sigfpe=0 use_sigaltstack=0
    detect_stack_use_after_return=0
    allocator_may_return_null=1
)
ASAN_OPTIONS=$(IFS=:; echo "${options[*]}")
export ASAN_OPTIONS
export RUST_BACKTRACE=0
tests() {
    cargo test --target "$(uname -m)-unknown-linux-gnu" "$@"
}

case "${1-}" in
    "")
        # Fibers tell the sanitizer of each switch of stacks.
        fibers=(--features windlass-runtime/sanitizer)
        tests -p windlass-wast --test suite
        tests -p windlass-runtime "${fibers[@]}" --no-fail-fast
        for tier in interp baseline; do
            WINDLASS_TIER=$tier tests -p windlass "${fibers[@]}" --tests --no-fail-fast -- --skip a_process_does_not_grow
            # It measures the process, which shall not keep what was freed.
            ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=0:thread_local_quarantine_size_kb=0 \
                WINDLASS_TIER=$tier tests -p windlass "${fibers[@]}" --test leaks
        done
        ;;
    --)
        shift
        tests "$@"
        ;;
    *)
        sed -n '2,7s/^# \{0,1\}//p' "$0"
        exit 2
        ;;
esac
