#!/usr/bin/env bash
# Runs the integrations with the real tools: run.sh TOOLS [WINDLASS]. TOOLS is the folder that tools.sh filled; what is
# not in it is skipped, and said. WINDLASS is the binary; otherwise it is built.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
tools=$(cd "${1:?folder of the tools}" && pwd)
windlass=${2:-}
if [ -z "$windlass" ]; then
  (cd "$repository" && cargo build --quiet)
  windlass=${CARGO_TARGET_DIR:-$repository/target}/debug/windlass
fi
work=$(mktemp -d)
# Servers that parts started. That of Argo CD does not end when it is asked to.
servers=()
trap 'for pid in "${servers[@]}"; do kill -9 "$pid" 2>/dev/null || true; done; rm -rf "$work"' EXIT
mkdir "$work/bin"
cp "$windlass" "$work/bin/windlass"
export PATH=$work/bin:$PATH
export GIT_CONFIG_GLOBAL=$work/gitconfig NO_COLOR=1
git config --global user.name Ada
git config --global user.email ada@example.com
git config --global init.defaultBranch main
passed=0
skipped=0

pass() { passed=$((passed + 1)); echo "ok    $1"; }
skip() { skipped=$((skipped + 1)); echo "skip  $1"; }
fail() { echo "FAIL  $1" >&2; [ -f "$work/log" ] && tail -40 "$work/log" >&2; exit 1; }
# works NAME COMMAND…, fails NAME COMMAND…: the command ends well, or does not.
works() { local name=$1; shift; if "$@" >"$work/log" 2>&1; then pass "$name"; else fail "$name"; fi; }
fails() { local name=$1; shift; if "$@" >"$work/log" 2>&1; then fail "$name"; else pass "$name"; fi; }
says() { if grep -qF -- "$2" "$work/log"; then pass "$1"; else fail "$1: no \`$2\`"; fi; }

# A repository with one system, built and committed.
shop() {
  git init --quiet "$1"
  (cd "$1" && windlass init --quiet --name shop && windlass build --quiet && git add --all && git commit --quiet -m x)
}

# Parts may be named: `ONLY="gitlab argocd" run.sh …`.
for part in "$here"/parts/*.sh; do
  case " ${ONLY:-$(basename "$part" .sh)} " in *" $(basename "$part" .sh) "*) ;; *) continue ;; esac
  # shellcheck source=/dev/null
  . "$part"
done
echo "$passed passed, $skipped skipped"
