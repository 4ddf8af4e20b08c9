#!/usr/bin/env bash
# Installs or builds what run.sh needs into a folder outside the repository: tools.sh FOLDER [NAME…]
# NAMEs: argocd (Go, minutes the first time), actionlint (Go), pre-commit and prek (Python), yaml-language-server (npm).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=$(mkdir -p "${1:?folder}" && cd "$1" && pwd)
shift
names=${*:-argocd actionlint pre-commit yaml-language-server}
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

argocd() {
  [ -x "$tools/argocd-client" ] && [ -x "$tools/argocd-cmp-server" ] && return
  local version=v3.5.7
  cp -r "$here/argocd" "$work/argocd"
  cd "$work/argocd"
  go mod init e2e
  # A module replaces only what its main module replaces: the lines of Argo CD's own, and its nested module.
  local theirs
  theirs=$(go mod download -json "github.com/argoproj/argo-cd/v3@$version" | python3 -c 'import json, sys; print(json.load(sys.stdin)["GoMod"])')
  go mod edit -json "$theirs" | python3 -c '
import json, sys
for one in json.load(sys.stdin).get("Replace") or []:
    if "Version" in one["New"]:
        print(one["Old"]["Path"] + "=" + one["New"]["Path"] + "@" + one["New"]["Version"])
' | while read -r line; do go mod edit -replace "$line"; done
  go mod edit -require "github.com/argoproj/argo-cd/v3@$version" -replace \
    github.com/argoproj/argo-cd/gitops-engine=github.com/argoproj/argo-cd/gitops-engine@v0.0.0-20260914071520-c9c369efcc5b
  go mod tidy -e
  CGO_ENABLED=0 go build -o "$tools/argocd-cmp-server" ./server
  CGO_ENABLED=0 go build -o "$tools/argocd-client" ./client
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
