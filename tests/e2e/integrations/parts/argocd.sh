# The plugin server of Argo CD, asked by Argo CD's own client.
if [ -x "$tools/argocd-cmp-server" ] && [ -x "$tools/argocd-client" ]; then
  mkdir -p "$work/argocd/config" "$work/argocd/sockets" "$work/argocd/work"
  shop "$work/argocd/repository"
  (cd "$work/argocd/repository" && windlass argocd plugin plugin >"$work/argocd/config/plugin.yaml")
  works "doctor finds the plugin healthy" windlass argocd doctor "$work/argocd/config/plugin.yaml"
  ARGOCD_PLUGINSOCKFILEPATH=$work/argocd/sockets ARGOCD_CMP_WORKDIR=$work/argocd/work \
    "$tools/argocd-cmp-server" --config-dir-path "$work/argocd/config" >"$work/argocd/log" 2>&1 &
  servers+=($!)
  disown
  for _ in $(seq 100); do ls "$work"/argocd/sockets/*.sock >/dev/null 2>&1 && break; sleep 0.1; done
  socket=$(ls "$work"/argocd/sockets/*.sock)
  case $socket in *windlass-v*.sock) pass "the socket has the version in its name" ;; *) fail "the name of the socket: $socket" ;; esac
  ask() { local what=$1; shift; "$tools/argocd-client" "$what" "$socket" "$work/argocd/repository" . "$@"; }
  works "generate by the variable" ask generate 30 ARGOCD_ENV_WINDLASS_ENV=production
  cp "$work/log" "$work/argocd/one"
  works "generate by the parameter" ask generate 30 'ARGOCD_APP_PARAMETERS=[{"name":"environment","string":"production"}]'
  cp "$work/log" "$work/argocd/two"
  works "gives the same" cmp "$work/argocd/two" "$work/argocd/one"
  (cd "$work/argocd/repository" && windlass build --env production --stdout) >"$work/argocd/built"
  objects=$(grep -c '^apiVersion:' "$work/argocd/built")
  works "as many objects as build" test "$(wc -l <"$work/argocd/one")" -eq "$objects"
  works "parameters" ask parameters 30
  says "the environment is one" '"name":"environment"'
  fails "no environment" ask generate 30
  says "is said" 'error[WL0006] the Application does not say which environment'
  for n in $(seq 10); do ask generate 60 ARGOCD_ENV_WINDLASS_ENV=production >"$work/argocd/at-once-$n" & pids="${pids:-} $!"; done
  for pid in $pids; do wait "$pid" || fail "ten at once"; done
  for n in $(seq 10); do cmp -s "$work/argocd/at-once-$n" "$work/argocd/one" || fail "ten at once differ"; done
  pass "ten at once give the same"
  fails "a deadline ends in an error" ask generate 0.11 ARGOCD_ENV_WINDLASS_ENV=production
  sed -i 's/replicas: 2/replcias: 2/' "$work/argocd/repository/environments/production.yaml"
  fails "a failing spec" ask generate 30 ARGOCD_ENV_WINDLASS_ENV=production
  says "is told with its place" 'error[WL0110] environments/production.yaml:'
else
  skip "argocd-cmp-server"
fi
