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
row() {
    local name=$1 version=$2 command=$3
    for _ in $(seq "$runs"); do
        local from to
        from=$(date +%s%N)
        bash -c "$command" >"$work/out" 2>"$work/err" || { echo "| $name | $version | fails: $(head -1 "$work/err") | | |" && return; }
        to=$(date +%s%N)
        echo $(((to - from) / 1000))
    done | sort -n >"$work/times"
    if grep -q fails "$work/times"; then cat "$work/times" && return; fi
    local kinds
    kinds=$(grep -cE '^ *-? *"?kind"?: "?(ServiceAccount|Service|Deployment|HorizontalPodAutoscaler|NetworkPolicy)"?,?$' "$work/out" || true)
    awk -v name="$name" -v version="$version" -v kinds="$kinds" '{ times[NR] = $1 / 1000 }
        END { printf "| %s | %s | %.1f | %.1f | %s |\n", name, version, times[1], times[int((NR + 1) / 2)], kinds }' "$work/times"
}

echo "| tool | version | best, ms | median, ms | objects |"
echo "|---|---|---|---|---|"
row "windlass build (validated, verified)" "$("$WINDLASS" --version | cut -d' ' -f2)" "$WINDLASS build -C $work/windlass --stdout"
if has helm; then
    version=$(helm version --short)
    row "helm template" "$version" "helm template bench $work/helm"
    if has kubeconform; then
        schemas=${SCHEMAS:+-schema-location '$SCHEMAS'}
        row "helm template, kubeconform" "$version, $(kubeconform -v)" \
            "helm template bench $work/helm | tee $work/helm.yaml | kubeconform -strict $schemas - && cat $work/helm.yaml"
    fi
fi
if has kustomize; then row "kustomize build" "$(kustomize version)" "kustomize build $work/kustomize"; fi
if has jsonnet; then row "jsonnet" "$(jsonnet --version | awk '{ print $NF }')" "jsonnet -y $work/jsonnet/main.jsonnet"; fi
if has cue; then row "cue export" "$(cue version | awk 'NR == 1 { print $3 }')" "cue export $work/cue/main.cue -e items --out yaml"; fi
if has kcl; then row "kcl run" "$(kcl version)" "kcl run $work/kcl/main.k"; fi
