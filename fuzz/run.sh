#!/bin/sh
# Runs targets under libFuzzer, each for so many seconds, and logs what came of each: fuzz/run.sh SECONDS [TARGET...]
# Needs `cargo install cargo-fuzz`. Corpora stay in fuzz/corpus, findings in fuzz/artifacts.
set -eu
cd "$(dirname "$0")/.."
seconds=$1
shift
[ $# -gt 0 ] || set -- $(sed -n 's/^name = "\([a-z]*_*[a-z]*\)"$/\1/p' fuzz/Cargo.toml)
export RUSTC_BOOTSTRAP=1
status=0
for target; do
    corpus=fuzz/corpus/$target
    mkdir -p "$corpus"
    cargo run -q -p windlass-fuzz --bin fuzz -- --target "$target" --write-seeds "$corpus"
    log=$(mktemp)
    if cargo fuzz run "$target" -- -max_total_time="$seconds" -max_len=8192 -len_control=0 -timeout=60 -print_final_stats=1 >"$log" 2>&1; then
        result=clean
    else
        result="FINDING: $(grep -m 1 'Test unit written to' "$log" || tail -n 1 "$log")"
        status=1
    fi
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    coverage=$(grep -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -n 1)
    echo "$target at $(git rev-parse --short HEAD): ${executions:-?} executions, corpus of $(ls "$corpus" | wc -l), ${coverage:-no coverage}; $result"
    rm "$log"
done
exit $status
