# The steps of the GitHub action and the script of the GitLab component, by bash as their runners run them, against a
# server that plays both APIs.
if python3 -c 'import yaml' 2>/dev/null; then
  python=python3
elif [ -x "$tools/python/bin/python" ] && "$tools/python/bin/python" -c 'import yaml' 2>/dev/null; then
  python=$tools/python/bin/python
else
  python=
fi
if [ -n "$python" ]; then
  shop "$work/ci"
  if "$python" "$here/parts/ci.py" "$repository" "$work/ci" >"$work/log" 2>&1; then
    while read -r line; do pass "$line"; done < <(sed -n 's/^ok    //p' "$work/log")
    while read -r line; do skip "$line"; done < <(sed -n 's/^skip  //p' "$work/log")
  else
    fail "the action and the component"
  fi
else
  skip "the action and the component: no Python with PyYAML"
fi
