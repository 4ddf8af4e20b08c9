# pre-commit with the hooks of this repository, by the binary that is installed.
if [ -x "$tools/python/bin/pre-commit" ]; then
  pre_commit=$tools/python/bin/pre-commit
  export PRE_COMMIT_HOME=$work/pre-commit
  git init --quiet "$work/hooks"
  cp "$repository/.pre-commit-hooks.yaml" "$work/hooks/"
  (cd "$work/hooks" && git add --all && git commit --quiet -m hooks)
  rev=$(git -C "$work/hooks" rev-parse HEAD)
  shop "$work/staged"
  cd "$work/staged"
  cat >.pre-commit-config.yaml <<CONFIG
repos:
  - repo: $work/hooks
    rev: $rev
    hooks: [{id: windlass-check-system}, {id: windlass-build-system}]
CONFIG
  git add --all && git commit --quiet -m config
  works "pre-commit run with nothing staged checks everything" "$pre_commit" run
  works "pre-commit run --all-files" "$pre_commit" run --all-files
  sed -i 's/replicas: 2/replicas: 3/' environments/production.yaml
  git add environments
  fails "stale manifests fail" "$pre_commit" run
  says "and are written, with what to do" "git add rendered/production"
  git add --all
  works "staged manifests pass" "$pre_commit" run
  sed -i 's/replicas: 3/replcias: 3/' environments/production.yaml
  works "what is not staged does not count" "$pre_commit" run
  git add --all
  fails "what is staged does" "$pre_commit" run
  says "and is shown" "replcias"
  git reset --quiet --hard
  git rm --quiet environments/production.yaml
  fails "a commit that only deletes is checked" sh -c "git rm --quiet environments/development.yaml && '$pre_commit' run"
  git reset --quiet --hard
  works "pre-commit try-repo" "$pre_commit" try-repo "$work/hooks" windlass-check-system --all-files
  cd "$work"
  # From source takes minutes, and is asked for by name.
  if [ -n "${WINDLASS_E2E_FROM_SOURCE:-}" ]; then
    cd "$work/staged"
    works "pre-commit builds the command from source" "$pre_commit" try-repo "$repository" windlass-check --all-files
    cd "$work"
  else
    skip "pre-commit from source: set WINDLASS_E2E_FROM_SOURCE"
  fi
else
  skip pre-commit
fi
