#!/usr/bin/env bash
# Times the binary as it is used, from start to end of the process: best and median of RUNS, and the most memory.
# usage: benches/whole.sh [CASE…]   e.g. benches/whole.sh start build diff; all without one
# WINDLASS names the binary; without it, the release build is made and taken.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD
runs=${RUNS:-11}

if [ -z "${WINDLASS:-}" ]; then
    cargo build --locked --quiet --release --bin windlass
    WINDLASS="${CARGO_TARGET_DIR:-$here/target}/release/windlass"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wanted=" ${*:-start build tree check diff monorepo} "
wants() { [[ $wanted == *" $1 "* ]]; }

# Best and median time in milliseconds, and the most resident memory in MiB.
time_of() {
    local name=$1
    shift
    for _ in $(seq "$runs"); do
        local from to
        from=${EPOCHREALTIME/[.,]/}
        "$@" >/dev/null 2>&1
        to=${EPOCHREALTIME/[.,]/}
        echo $((to - from))
    done | sort -n >"$work/times"
    local memory=-
    if [ -x /usr/bin/time ] && [ "$(type -t "$1")" = file ]; then
        memory=$(/usr/bin/time -f %M "$@" 2>&1 >/dev/null | tail -1 | awk '{ printf "%.0f", $1 / 1024 }')
    fi
    awk -v name="$name" -v memory="$memory" '
        { times[NR] = $1 / 1000 }
        END { printf "%-34s best %8.1f ms   median %8.1f ms   %5s MiB\n", name, times[1], times[int((NR + 1) / 2)], memory }' \
        "$work/times"
}

commit() { git -C "$1" -c user.name=bench -c user.email=bench@example.com commit -qam "$2"; }

if wants start; then
    time_of "start" "$WINDLASS" --version
fi
if wants build; then
    for objects in 15 150 1500 15000 100000; do
        benches/system.sh "$work/build" "$objects"
        [ "$objects" -lt 15000 ] || runs=${RUNS:-3}
        time_of "build --stdout, $objects objects" "$WINDLASS" build -C "$work/build" --stdout
    done
    runs=${RUNS:-11}
fi
if wants tree; then
    benches/system.sh "$work/tree" 15000
    # Into a folder of its own each time: a file system may be slow to make files where others were just removed.
    fresh() { "$WINDLASS" build -C "$work/tree" --out "$work/out/$EPOCHREALTIME"; }
    runs=${RUNS:-3}
    mkdir "$work/out"
    time_of "build, 15000 new files" fresh
    "$WINDLASS" build -C "$work/tree" --out "$work/out/known" >/dev/null 2>&1
    time_of "build, 15000 unchanged files" "$WINDLASS" build -C "$work/tree" --out "$work/out/known"
    runs=${RUNS:-11}
fi
if wants check; then
    benches/system.sh "$work/check" 1500
    sed -i '0,/cpu: 70/s//cpu: 75/' "$work/check/parts/000.yaml"
    time_of "check after one line, 1500 objects" "$WINDLASS" check -C "$work/check"
fi
if wants diff; then
    benches/system.sh "$work/diff" 1500
    git init -q "$work/diff"
    git -C "$work/diff" add -A
    commit "$work/diff" base
    # 3 of the 300 services: 1 % of the objects.
    sed -i -E 's|(registry.example.com/s(7\|77\|177):)1.0.0|\11.0.1|' "$work/diff/parts/000.yaml"
    time_of "diff --base, 1 % of 1500 objects" "$WINDLASS" diff -C "$work/diff" --base HEAD
fi
if wants monorepo; then
    for number in $(seq 300); do
        benches/system.sh "$work/monorepo/systems/s$number" 15 3
    done
    git init -q "$work/monorepo"
    git -C "$work/monorepo" add -A
    commit "$work/monorepo" base
    runs=${RUNS:-3}
    # shellcheck disable=SC2046
    time_of "check, 300 systems x 3 environments" "$WINDLASS" check $(ls "$work"/monorepo/systems/*/system.yaml)
    sed -i '0,/cpu: 70/s//cpu: 75/' "$work/monorepo/systems/s7/parts/000.yaml"
    time_of "check of the one that changed" "$WINDLASS" check "$work/monorepo/systems/s7/system.yaml"
    git -C "$work/monorepo" add -A
    time_of "the hook: check --staged" "$WINDLASS" check -C "$work/monorepo" --staged
    time_of "diff --all --base, one line" "$WINDLASS" diff -C "$work/monorepo" --all --base HEAD
fi
