# Sourced by up, down and node. Sets DIR (of the cluster) and ID: every namespace and cgroup of the cluster is named ballast-ID-*.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

cluster() { DIR=$(realpath -m "$1"); ID=${BALLAST_E2E_ID:-$(sha256sum <<<"$DIR" | cut -c1-6)}; NET=ballast-$ID; }

die() { echo "error: $*" >&2; exit 1; }
in_net() { nsenter --net="/run/netns/$NET-$1" "${@:2}"; }     # in_net NODE|cp COMMAND...

# start NAME COMMAND...: in the background, out of this session; what it starts can be found by the mark in its environment.
start() {
  local name=$1; shift
  BALLAST_CLUSTER=$DIR setsid "$@" </dev/null >>"$DIR/log/$name" 2>&1 &
  echo $! >"$DIR/pid/$name"
  disown
}

all_alive() {
  local file
  for file in "$DIR"/pid/*; do kill -0 "$(cat "$file")" 2>/dev/null || { echo "${file##*/} has ended" >&2; return 1; }; done
}

# poll SECONDS "WHAT" COMMAND...: gives up early when ALIVE is set and something of the cluster has ended.
poll() {
  local end=$((SECONDS + $1)) what=$2; shift 2
  until "$@" >/dev/null 2>&1; do
    [ -z "${ALIVE:-}" ] || all_alive || return 1
    [ $SECONDS -lt $end ] || { echo "waited in vain for $what" >&2; return 1; }
    sleep 0.1
  done
}

# Every mounted cgroup hierarchy: those of v1, and that of v2, or both where the machine is hybrid.
cgroup_roots() { awk '$3 ~ /^cgroup2?$/ && $2 ~ /^\/sys\/fs\/cgroup/ { print $2 }' /proc/mounts; }
