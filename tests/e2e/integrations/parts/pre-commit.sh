# The hooks of this repository by pre-commit and by prek: with the binary that is installed, and from source.

# on_every_commit RUNNER: what a commit sees.
on_every_commit() {
  local runner=$1 name
  name=$(basename "$runner")
  shop "$work/by-$name"
  cd "$work/by-$name"
  cat >.pre-commit-config.yaml <<CONFIG
repos:
  - repo: $work/hooks
    rev: $rev
    hooks: [{id: windlass-check-system}, {id: windlass-build-system}]
CONFIG
  git add --all && git commit --quiet -m config
  works "$name run with nothing staged checks everything" "$runner" run
  works "$name run --all-files" "$runner" run --all-files
  sed -i 's/replicas: 2/replicas: 3/' environments/production.yaml
  git add environments
  fails "$name: stale manifests fail" "$runner" run
  says "and are written, with what to do" "git add rendered/production"
  git add --all
  works "$name: staged manifests pass" "$runner" run
  sed -i 's/replicas: 3/replcias: 3/' environments/production.yaml
  works "$name: what is not staged does not count" "$runner" run
  git add --all
  fails "$name: what is staged does" "$runner" run
  says "and is shown" "replcias"
  git reset --quiet --hard
  git rm --quiet environments/production.yaml
  fails "$name: a commit that only deletes is checked" sh -c "git rm --quiet environments/development.yaml && '$runner' run"
  says "and told what is missing" "has no environment"
  git reset --quiet --hard
  fails "$name: without the command that is installed" env PATH="$(without_windlass)" "$runner" run --all-files
  says "and its name is told" "windlass"
  works "$name install" "$runner" install
  sed -i 's/replicas: 2/replicas: 4/' environments/production.yaml
  fails "$name: the commit itself is stopped" git commit --quiet --all -m stale
  git add --all
  works "$name: and passes with what was written" git commit --quiet -m fresh
  works "$name try-repo" "$runner" try-repo "$work/hooks" windlass-check-system --all-files
  cd "$work"
}

# The path of programs without the binary that is tested.
without_windlass() { printf '%s' "$PATH" | tr ':' '\n' | grep -vxF "$work/bin" | paste -sd:; }

# A clone of this repository, compiled as a user's first run compiles it, but not optimised, so that it takes minutes
# instead of a quarter of an hour; what is compiled of others is kept beside the tools.
from_source() {
  local runner=$1 name began
  name=$(basename "$runner")
  cd "$work/by-$name"
  began=$SECONDS
  works "$name builds the command from source" env PATH="$(without_windlass)" CARGO_TARGET_DIR="$tools/from-source" \
    CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=64 \
    "$runner" try-repo "$work/source" windlass-check --all-files --verbose
  says "and runs it" "compiles for development, production"
  echo "      $((SECONDS - began)) s"
  cd "$work"
}

export PRE_COMMIT_HOME=$work/pre-commit PREK_HOME=$work/prek
git init --quiet "$work/hooks"
cp "$repository/.pre-commit-hooks.yaml" "$work/hooks/"
(cd "$work/hooks" && git add --all && git commit --quiet -m hooks)
rev=$(git -C "$work/hooks" rev-parse HEAD)
for runner in pre-commit prek; do
  if [ ! -x "$tools/python/bin/$runner" ]; then
    skip "$runner"
    continue
  fi
  on_every_commit "$tools/python/bin/$runner"
  if [ -n "${WINDLASS_E2E_FROM_SOURCE:-}" ]; then
    [ -d "$work/source" ] || git clone --quiet "$repository" "$work/source"
    from_source "$tools/python/bin/$runner"
  else
    skip "$runner from source: set WINDLASS_E2E_FROM_SOURCE"
  fi
done

# What the hooks run, where something is missing.
shop "$work/lacking"
cp -r "$work/lacking" "$work/without-git" && rm -rf "$work/without-git/.git"
for command in "check --staged" "build --staged" "init --hook"; do
  # shellcheck disable=SC2086
  fails "windlass $command without Git" env -C "$work/without-git" windlass $command
  says "is told" "is not in a Git repository"
done
# frozen FOLDER COMMAND…: the command in a folder that cannot be written.
frozen() {
  unshare --map-root-user --mount sh -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && cd "$1" && shift && exec "$@"' sh "$@"
}
if frozen "$work/lacking" true 2>/dev/null; then
  cd "$work/lacking"
  works "windlass check --staged in a folder that cannot be written" frozen "$work/lacking" windlass check --staged
  works "windlass build --staged there, where all is fresh" frozen "$work/lacking" windlass build --staged
  sed -i 's/replicas: 2/replicas: 3/' environments/production.yaml
  git add --all
  fails "windlass build --staged there, where it is not" frozen "$work/lacking" windlass build --staged
  says "is told" "read-only"
  rm .git/hooks/pre-commit 2>/dev/null || true
  fails "windlass init --hook there" frozen "$work/lacking" windlass init --hook
  says "is told" "read-only"
  cd "$work"
else
  skip "a folder that cannot be written needs namespaces"
fi
