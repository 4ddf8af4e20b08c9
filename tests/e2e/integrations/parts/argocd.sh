# The plugin server of Argo CD, asked by Argo CD's own client.

# serve NAME [COMMAND…]: starts a server, by a command if one is given; its socket is in `socket`.
serve() {
  local folder=$work/argocd/$1
  shift
  mkdir -p "$folder/sockets" "$folder/work"
  ARGOCD_PLUGINSOCKFILEPATH=$folder/sockets ARGOCD_CMP_WORKDIR=$folder/work \
    "$@" "$tools/argocd-cmp-server" --config-dir-path "$work/argocd/config" >"$folder/log" 2>&1 &
  servers+=($!)
  disown
  for _ in $(seq 100); do ls "$folder"/sockets/*.sock >/dev/null 2>&1 && break; sleep 0.1; done
  socket=$(ls "$folder"/sockets/*.sock)
}
# ask_of REPOSITORY PATH WHAT SECONDS [NAME=VALUE…]
ask_of() { local repository=$1 path=$2 what=$3; shift 3; "$tools/argocd-client" "$what" "$socket" "$repository" "$path" "$@"; }
ask() { ask_of "$work/argocd/repository" . "$@"; }
# What was answered last is what was answered first.
same() { if cmp -s "$work/log" "$work/argocd/one"; then pass "gives the same"; else fail "gives something else"; fi; }
production=ARGOCD_ENV_WINDLASS_ENV=production

if [ -x "$tools/argocd-cmp-server" ] && [ -x "$tools/argocd-client" ]; then
  mkdir -p "$work/argocd/config"
  shop "$work/argocd/repository"
  (cd "$work/argocd/repository" && windlass argocd plugin plugin >"$work/argocd/config/plugin.yaml")
  works "doctor finds the plugin healthy" windlass argocd doctor "$work/argocd/config/plugin.yaml"
  serve usual env
  case $socket in *windlass-v*.sock) pass "the socket has the version in its name" ;; *) fail "the name of the socket: $socket" ;; esac
  works "generate by the variable" ask generate 30 $production
  cp "$work/log" "$work/argocd/one"
  works "generate by the parameter" ask generate 30 'ARGOCD_APP_PARAMETERS=[{"name":"environment","string":"production"}]'
  same
  (cd "$work/argocd/repository" && windlass build --env production --stdout) >"$work/argocd/built"
  objects=$(grep -c '^apiVersion:' "$work/argocd/built")
  works "as many objects as build" test "$(wc -l <"$work/argocd/one")" -eq "$objects"
  works "parameters" ask parameters 30
  says "the environment is one" '"name":"environment"'
  fails "no environment" ask generate 30
  says "is said" 'error[WL0006] the Application does not say which environment'
  fails "an environment that is none" ask generate 30 ARGOCD_ENV_WINDLASS_ENV=prodution
  says "is told with the nearest" 'production'
  fails "a parameter that is none" ask generate 30 $production 'ARGOCD_APP_PARAMETERS=[{"name":"replicas","string":"3"}]'
  says "is told" 'error[WL0845] there is no parameter `replicas`'
  fails "parameters that are not JSON" ask generate 30 $production 'ARGOCD_APP_PARAMETERS={'
  says "are told" 'error[WL'
  for n in $(seq 10); do ask generate 60 $production >"$work/argocd/at-once-$n" & pids="${pids:-} $!"; done
  for pid in $pids; do wait "$pid" || fail "ten at once"; done
  for n in $(seq 10); do cmp -s "$work/argocd/at-once-$n" "$work/argocd/one" || fail "ten at once differ"; done
  pass "ten at once give the same"
  fails "a deadline ends in an error" ask generate 0.11 $production
  sed -i 's/replicas: 2/replcias: 2/' "$work/argocd/repository/environments/production.yaml"
  fails "a failing spec" ask generate 30 $production
  says "is told with its place" 'error[WL0110] environments/production.yaml:'
  git -C "$work/argocd/repository" checkout --quiet .

  # Nothing must never be taken for a result: Argo CD would delete everything.
  mkdir -p "$work/argocd/empty" && git -C "$work/argocd/empty" init --quiet
  fails "a repository without a system" ask_of "$work/argocd/empty" . generate 30 $production
  says "is told" 'system.yaml'
  fails "parameters of a repository without a system" ask_of "$work/argocd/empty" . parameters 30
  says "are told" 'system.yaml'
  shop "$work/argocd/off"
  cat >"$work/argocd/off/environments/production.yaml" <<'ENVIRONMENT'
apiVersion: windlass/v1
kind: Environment
target: {kubernetes: "1.35"}
namespace: {name: shop, create: false}
network: {default: allow, because: nothing runs here}
components:
  web: {enabled: false}
  api: {enabled: false}
  cache: {enabled: false}
ENVIRONMENT
  fails "an environment of which nothing is left" ask_of "$work/argocd/off" . generate 30 $production
  says "is told" 'error[WL0846] `production` has no object'

  # The folder of an Application in a repository of several systems.
  mkdir -p "$work/argocd/many/teams/ai"
  git -C "$work/argocd/many" init --quiet
  cp -r "$work/argocd/repository" "$work/argocd/many/teams/ai/shop" && rm -rf "$work/argocd/many/teams/ai/shop/.git"
  works "an Application in a folder of the repository" \
    ask_of "$work/argocd/many" teams/ai/shop generate 30 $production ARGOCD_APP_SOURCE_PATH=teams/ai/shop
  same

  serve without env PATH="$(printf '%s' "$PATH" | tr ':' '\n' | grep -vxF "$work/bin" | paste -sd:)"
  fails "without the command" ask generate 30 $production
  says "is told" 'windlass'
  mkdir "$work/argocd/dying"
  printf '#!/bin/sh\n%s "$@" | head -20\nkill -9 $$\n' "$work/bin/windlass" >"$work/argocd/dying/windlass"
  chmod +x "$work/argocd/dying/windlass"
  serve killed env PATH="$work/argocd/dying:$PATH"
  fails "a command that is killed halfway is an error" ask generate 30 $production
  # What Argo CD's own containers have: nothing can be written but the folders of the server. In the place of the
  # shell, so that its process is the server's.
  frozen() {
    exec unshare --map-root-user --mount sh -c \
      'mount --bind "$1" "$1" && mount -o remount,ro,bind / && ! touch "${1%/*/*}/x" 2>/dev/null && shift && exec "$@"' sh "$@"
  }
  mkdir -p "$work/argocd/frozen"
  if (frozen "$work/argocd/frozen" true) 2>/dev/null; then
    serve frozen frozen "$work/argocd/frozen"
    works "on a read-only file system" ask generate 30 $production
    same
  else
    skip "a read-only file system needs namespaces"
  fi
else
  skip "argocd-cmp-server"
fi
