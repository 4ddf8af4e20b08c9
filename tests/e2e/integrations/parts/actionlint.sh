# The workflow and, by a workflow that calls it, the action.
if [ -x "$tools/actionlint" ]; then
  shop "$work/actions"
  mkdir -p "$work/actions/.github/workflows" "$work/actions/.windlass-source/integrations"
  cp -r "$repository/integrations/github" "$work/actions/.windlass-source/integrations/"
  cp "$repository/integrations/github/workflow.yml" "$work/actions/.github/workflows/windlass.yml"
  works "actionlint takes the workflow and the inputs of the action" \
    env -C "$work/actions" "$tools/actionlint" -shellcheck= -pyflakes=
else
  skip actionlint
fi
