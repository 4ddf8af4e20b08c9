#!/usr/bin/env bash
# Runs Windlass and whatever peers are installed side by side, over the same services, and prints a table.
# usage: benches/peers/run.sh [SERVICES]     RUNS=5; WINDLASS names the binary, otherwise the release build;
# SCHEMAS is where kubeconform finds its schemas, if not on the network
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
services=${1:-300}
runs=${RUNS:-5}
if [ -z "${WINDLASS:-}" ]; then
    (cd "$here/../.." && cargo build --locked --quiet --release --bin windlass)
    WINDLASS="${CARGO_TARGET_DIR:-$here/../../target}/release/windlass"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$here/generate.sh" "$work" "$services"

has() { command -v "$1" >/dev/null; }
names=() versions=() commands=()
add() { names+=("$1") versions+=("$2") commands+=("$3"); }

add "windlass build (validated, verified)" "$("$WINDLASS" --version | cut -d' ' -f2)" "exec $WINDLASS build -C $work/windlass --stdout"
if has helm; then
    version=$(helm version --short)
    add "helm template" "$version" "exec helm template bench $work/helm"
    if has kubeconform; then
        schemas=${SCHEMAS:+-schema-location '$SCHEMAS'}
        add "helm template, kubeconform" "$version, $(kubeconform -v)" \
            "helm template bench $work/helm | tee $work/helm.yaml | kubeconform -strict $schemas - && cat $work/helm.yaml"
    fi
fi
if has jsonnet; then add "jsonnet" "$(jsonnet --version | awk '{ print $NF }')" "exec jsonnet -y $work/jsonnet/main.jsonnet"; fi
if has cue; then add "cue export" "$(cue version | awk 'NR == 1 { print $3 }')" "exec cue export $work/cue/main.cue -e items --out yaml"; fi
if has kcl; then add "kcl run" "$(kcl version)" "exec kcl run $work/kcl/main.k"; fi
# Last: it takes many seconds, and a machine that was busy for so long may be slower for a while.
if has kustomize; then add "kustomize build" "$(kustomize version)" "exec kustomize build $work/kustomize"; fi

# As hyperfine does: one run to warm up, then all runs of a tool one after the other.
time_of() {
    local tool=$1 from to
    for run in $(seq 0 "$runs"); do
        from=$(date +%s%N)
        bash -c "${commands[$tool]}" >"$work/$tool.out" 2>"$work/$tool.err" || touch "$work/$tool.failed"
        to=$(date +%s%N)
        if [ "$run" -gt 0 ]; then echo $(((to - from) / 1000)) >>"$work/$tool.times"; fi
    done
}
for tool in "${!names[@]}"; do time_of "$tool"; done

echo "| tool | version | best, ms | median, ms | objects | times as long, median |"
echo "|---|---|---|---|---|---|"
for tool in "${!names[@]}"; do
    if [ -e "$work/$tool.failed" ]; then
        echo "| ${names[$tool]} | ${versions[$tool]} | fails: $(head -1 "$work/$tool.err") | | | |"
        continue
    fi
    # Of a document, not of what a scaler names.
    objects=$(grep -cE '^(kind|  kind|  "kind"|   "kind"): ' "$work/$tool.out" || true)
    sort -n "$work/$tool.times" | awk -v name="${names[$tool]}" -v version="${versions[$tool]}" -v objects="$objects" \
        -v own="$(sort -n "$work/0.times" | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }')" '
        { times[NR] = $1 }
        END {
            median = times[int((NR + 1) / 2)]
            printf "| %s | %s | %.1f | %.1f | %s | %.1f |\n", name, version, times[1] / 1000, median / 1000, objects, median / own
        }'
done
