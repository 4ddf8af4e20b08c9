#!/usr/bin/env bash
# Installs or builds what run.sh needs into a folder outside the repository: tools.sh FOLDER [NAME…]
# NAMEs: argocd (Go, minutes the first time), actionlint (Go), pre-commit and prek (Python), yaml-language-server (npm).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=$(mkdir -p "${1:?folder}" && cd "$1" && pwd)
shift
names=${*:-argocd actionlint pre-commit yaml-language-server}

# What was built of other versions goes.
versions=$(cat "$0" "$here"/../cluster/argocd/go.* | cksum)
if [ "$(cat "$tools/versions" 2>/dev/null)" != "$versions" ]; then
  rm -rf "$tools"/{argocd,argocd-cmp-server,argocd-client,actionlint,python,node_modules}
  echo "$versions" >"$tools/versions"
fi

argocd() {
  [ -x "$tools/argocd-client" ] && [ -x "$tools/argocd-cmp-server" ] && return
  (cd "$here/../cluster/argocd" && CGO_ENABLED=0 GOFLAGS=-buildvcs=false \
    go build -ldflags="-s -w" -tags disable_grpc_modules -o "$tools/argocd" .)
  # One program, which is what it is called as.
  ln -sf argocd "$tools/argocd-cmp-server"
  ln -sf argocd "$tools/argocd-client"
}

actionlint() {
  [ -x "$tools/actionlint" ] || GOBIN=$tools go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.7
}

pre_commit() {
  [ -x "$tools/python/bin/pre-commit" ] && [ -x "$tools/python/bin/prek" ] && return
  python3 -m venv "$tools/python"
  "$tools/python/bin/pip" install --quiet pre-commit==4.5.0 prek==0.5.11
}

yaml_language_server() {
  [ -d "$tools/node_modules/yaml-language-server" ] || npm install --silent --no-audit --no-fund --prefix "$tools" yaml-language-server@1.18.0
}

for name in $names; do
  (${name//-/_})
done
