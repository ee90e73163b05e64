#!/usr/bin/env bash
# Looks for data races: tests of threads under ThreadSanitizer, on the interpreter (which a sanitizer can see into).
#
#   scripts/tsan.sh               the tests of threads, and of the runtime's memories
#   scripts/tsan.sh --planted     with a race that was planted in the runtime: succeeds if it is reported
#   scripts/tsan.sh -- ARGS       any arguments of `cargo test`
#
# Stable Rust can do it (RUSTC_BOOTSTRAP), without building the standard library anew. What the library and the test
# harness do is therefore not instrumented, and looks like races: scripts/tsan.supp names it, and nothing of ours.
# Builds lie in $WINDLASS_SANITIZE (default: target/sanitize).
set -euo pipefail
cd "$(dirname "$0")/.."

export RUSTC_BOOTSTRAP=1
# The system is asked through libc, whose functions the sanitizer knows: so it sees what is mapped anew.
export RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg=rustix_use_libc"
export CARGO_TARGET_DIR=${WINDLASS_SANITIZE:-$PWD/target/sanitize}/thread
export TSAN_OPTIONS="suppressions=$PWD/scripts/tsan.supp history_size=4 exitcode=66"
export WINDLASS_TIER=interp
export RUST_BACKTRACE=0
# Nothing inlined: suppressions go by the full names of functions.
export CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_TEST_OPT_LEVEL=0
tests() {
    cargo test --target "$(uname -m)-unknown-linux-gnu" "$@"
}

case "${1-}" in
    "")
        tests -p windlass --test threads
        tests -p windlass-runtime --lib memory:: -- --skip native::
        ;;
    --planted)
        log=$(mktemp)
        trap 'rm -f "$log"' EXIT
        if tests -p windlass --features windlass-runtime/planted-race --test threads same_bytes >"$log" 2>&1; then
            cat "$log"
            echo "the planted race was not reported" >&2
            exit 1
        fi
        grep -m1 -A12 "WARNING: ThreadSanitizer: data race" "$log" || { cat "$log"; exit 1; }
        grep -q "SUMMARY: ThreadSanitizer: data race" "$log"
        echo "the planted race is reported, as it should be"
        ;;
    --)
        shift
        tests "$@"
        ;;
    *)
        sed -n '2,9s/^# \{0,1\}//p' "$0"
        exit 2
        ;;
esac
