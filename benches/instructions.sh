#!/usr/bin/env bash
# Counts the instructions of the main ways through the program with callgrind, and compares them with
# benches/instructions.txt: counts, unlike times, are the same under any load. More than 5 % above fails.
# BLESS=1 writes the counts down instead. WINDLASS names the binary; without it, one is built with the profile
# `profiling`.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null; then
    echo "instructions: skipped, valgrind is not installed"
    exit 0
fi
readonly TOLERANCE=5
readonly KNOWN=benches/instructions.txt

if [ -z "${WINDLASS:-}" ]; then
    cargo build --locked --quiet --profile profiling --bin windlass
    WINDLASS="${CARGO_TARGET_DIR:-$PWD/target}/profiling/windlass"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for objects in 15 150 1500; do
    benches/system.sh "$work/$objects" "$objects"
done

# One thread: how often idle ones look for work differs from run to run.
count() {
    RAYON_NUM_THREADS=1 valgrind --tool=callgrind --callgrind-out-file=/dev/null "$WINDLASS" "$@" 2>&1 >/dev/null |
        awk '/Collected/ { print $NF }'
}

{
    echo "# Instructions of each case; written by BLESS=1 benches/instructions.sh with $(rustc --version | cut -d' ' -f1,2)"
    echo "start $(count --version)"
    for objects in 15 150 1500; do
        echo "build-$objects $(count build -C "$work/$objects" --stdout)"
    done
    echo "check-1500 $(count check -C "$work/1500")"
    echo "tree-1500 $(count build -C "$work/1500" --out "$work/tree")"
    echo "unchanged-1500 $(count build -C "$work/1500" --out "$work/tree")"
} >"$work/counts"

if [ -n "${BLESS:-}" ]; then
    cp "$work/counts" "$KNOWN"
    cat "$KNOWN"
    exit 0
fi
if [ ! -f "$KNOWN" ]; then
    cat "$work/counts"
    echo "instructions: no baseline yet, BLESS=1 writes it"
    exit 1
fi
head -1 "$KNOWN"
awk -v tolerance="$TOLERANCE" '
    /^#/ { next }
    NR == FNR { known[$1] = $2; next }
    !($1 in known) { printf "%-16s %12d  no baseline: BLESS=1\n", $1, $2; failed = 1; next }
    {
        change = ($2 / known[$1] - 1) * 100
        verdict = change > tolerance ? "  too many" : change < -tolerance ? "  fewer: BLESS=1" : ""
        printf "%-16s %12d %+7.1f %%%s\n", $1, $2, change, verdict
        if (change > tolerance) failed = 1
    }
    END { exit failed }' "$KNOWN" "$work/counts"
