# Sourced by every suite in e2e/suites:    source "$(dirname "$0")/../lib.sh"
#
# A suite is an executable that runs checks and exits; one failed check does not end it. It gets
#   ROOT   the checkout          BIN   build/release/bin
#   TMP    a fresh folder, removed at the end; its logs stay in build/e2e/SUITE when something failed
#   ID     a word of its own, for what is made outside TMP: namespaces, links, nft tables, cgroups are to have -ID in their names
# and the functions below. At its exit everything that `start` started is stopped, and the leak checker runs: no process
# of the suite alive, no mount below TMP, no network namespace, link, nft table or cgroup of its ID, and nothing half-done
# in the folders that `cache_dir` named. A function `cleanup`, when the suite defines one, runs before.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BIN=${BALLAST_BIN:-$ROOT/build/release/bin}     # BALLAST_BIN: programs that are built already, of any preset
SUITE=$(basename "$0")
TMP=$(mktemp -d "${TMPDIR:-/tmp}/ballast-$SUITE.XXXXXX")
KEPT=$ROOT/build/e2e/$SUITE
RESULTS=${BALLAST_E2E_RESULTS:-$TMP/results}
mkdir -p "$TMP/log" "$TMP/pid"
touch "$RESULTS"
STARTED=() CACHE_DIRS=() FAILED=0 MUST=
export BALLAST_E2E_ID=${TMP##*.} ID=${TMP##*.}
export BALLAST_E2E_MARK=$TMP   # every process of the suite inherits it; the leak checker looks for it

# need_packages PACKAGE...: Debian packages that this suite needs beyond e2e/packages (each also a line of e2e/packages.e2e).
need_packages() {
  local p
  for p in "$@"; do grep -qx "$p" "$ROOT/e2e/packages.e2e" || { echo "error: $p is not in e2e/packages.e2e" >&2; exit 1; }; done
  "$ROOT/e2e/install" "$@"
}

# need_build TARGET...: brings these targets of the release preset up to date, unless BALLAST_BIN says what to test.
need_build() {
  [ -z "${BALLAST_BIN:-}" ] || return 0
  "$ROOT/e2e/build" release "$@" >"$TMP/log/build" 2>&1 || { tail -40 "$TMP/log/build"; echo "error: cannot build $*" >&2; exit 1; }
}

# start NAME COMMAND...: runs in the background; log in $TMP/log/NAME (appended), pid in $TMP/pid/NAME.
start() {
  local name=$1; shift
  "$@" </dev/null >>"$TMP/log/$name" 2>&1 &
  echo $! >"$TMP/pid/$name"
  STARTED+=("$name")
}

pid_of() { cat "$TMP/pid/$1"; }
running() { [ -s "$TMP/pid/$1" ] && kill -0 "$(pid_of "$1")" 2>/dev/null; }

# stop NAME [SIGNAL]: ends what `start` started and waits for its end; fails when it needed SIGKILL after 15 s. Its exit status is in STOPPED.
stop() {
  local name=$1 pid; pid=$(pid_of "$name"); rm -f "$TMP/pid/$name"; STOPPED=0
  kill -"${2:-TERM}" "$pid" 2>/dev/null || true
  if wait_for 15 "the end of $name" process_ended "$pid"; then
    wait "$pid" 2>/dev/null || STOPPED=$?
  else
    kill -KILL "$pid"; wait "$pid" 2>/dev/null || STOPPED=$?
    return 1
  fi
}
# crash NAME: kill -9.
crash() { kill -KILL "$(pid_of "$1")"; wait "$(pid_of "$1")" 2>/dev/null || true; rm -f "$TMP/pid/$1"; }
# A zombie whose other threads still run has not ended: they hold its files and locks.
process_ended() { ! kill -0 "$1" 2>/dev/null || { grep -q '^State:.Z' "/proc/$1/status" && [ "$(find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]; } 2>/dev/null; }

# wait_for SECONDS "WHAT" COMMAND...: polls ten times a second until the command succeeds; else says what was waited for, and fails.
wait_for() {
  local limit=$1 what=$2 end; shift 2
  end=$(($(date +%s%N) + limit * 1000000000))
  until "$@" >"$TMP/log/.wait" 2>&1; do
    [ "$(date +%s%N)" -lt "$end" ] || { echo "waited ${limit} s in vain for $what"; tail -5 "$TMP/log/.wait"; return 1; }
    sleep 0.1
  done
}

# check "NAME" COMMAND...: one counted test. The command runs in a subshell with `set -e`, its output is shown when it fails.
# `check` itself always succeeds; use `must` where going on makes no sense.
check() {
  local name=$1 begin status; shift
  begin=$(date +%s%N)
  set +e
  (set -euo pipefail; trap - EXIT; "$@") </dev/null >"$TMP/log/.check" 2>&1
  status=$?
  set -e
  record "$name" "$status" $((($(date +%s%N) - begin) / 100000000))
}
must() { local before=$FAILED; check "$@"; [ "$FAILED" = "$before" ] || { echo "        the suite cannot go on"; MUST=failed; exit 1; }; }

# fails_with "TEXT" COMMAND...: succeeds when the command fails and says TEXT.
fails_with() {
  local text=$1 out; shift
  if out=$("$@" 2>&1); then echo "it succeeded: $*"; echo "$out"; return 1; fi
  grep -qF -- "$text" <<<"$out" || { echo "it failed, but without saying '$text':"; echo "$out"; return 1; }
}

# equal "WHAT" EXPECTED ACTUAL
equal() { [ "$2" = "$3" ] || { echo "$1: expected '$2', got '$3'"; return 1; }; }

# cache_dir DIR: a cache of ballastd that must hold no lease and no unfinished ingest when the suite ends.
cache_dir() { CACHE_DIRS+=("$1"); }

record() {  # name, status, tenths of a second
  local took="$(($3 / 10)).$(($3 % 10)) s" budget
  budget=$("$ROOT/e2e/budget" "$SUITE: $1")
  printf '%s\t%s\t%s\t%s\n' "$([ "$2" = 0 ] && echo ok || echo FAIL)" "$SUITE" "$1" "$took" >>"$RESULTS"
  if [ "$2" = 0 ]; then
    printf '  ok    %-76s %10s%s\n' "$1" "$took" "${budget:+ of $budget s}"
  else
    FAILED=$((FAILED + 1))
    printf '  FAIL  %-76s %10s\n' "$1" "$took"
    tail -n "${FAIL_LINES:-40}" "$TMP/log/.check" | sed 's/^/        | /'
    mv "$TMP/log/.check" "$TMP/log/failed-$FAILED"     # whole, among the logs that are kept
  fi
}

# --- the end of a suite -------------------------------------------------------------------------------------------

marked() { env -u BALLAST_E2E_MARK grep -lzFx "BALLAST_E2E_MARK=$TMP" /proc/[0-9]*/environ 2>/dev/null | env -u BALLAST_E2E_MARK cut -d/ -f3; }
processes_left() {  # by the mark that they inherited
  local p
  for p in $(marked); do ! kill -0 "$p" 2>/dev/null || echo "process $p: $(tr '\0' ' ' <"/proc/$p/cmdline" 2>/dev/null)"; done
}
mounts_left() { awk -v dir="$TMP" 'index($0, dir) { print "mount " $5 }' /proc/self/mountinfo; }
network_left() {
  command -v ip >/dev/null || return 0
  ip netns list | sed -n "/-$ID/s/^/network namespace /p"
  ip -o link show | cut -d: -f2 | sed -n "/-$ID/s/^/network link/p"
  command -v nft >/dev/null || return 0
  nft list tables | sed -n "/-$ID/s/^/nft /p"
}
cgroups_left() { find /sys/fs/cgroup -maxdepth 2 -type d -name "*-$ID*" -printf 'cgroup %p\n' 2>/dev/null; }
cache_left() {
  local dir
  for dir in "${CACHE_DIRS[@]}"; do
    [ ! -d "$dir/leases" ] || find "$dir/leases" -type f -printf 'lease %p\n'
    [ ! -d "$dir/ingest" ] || find "$dir/ingest" -mindepth 1 -maxdepth 1 -printf 'unfinished ingest %p\n'
  done
}
left() { processes_left; mounts_left; network_left; cgroups_left; cache_left; }
nothing_left() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do [ -n "$(left)" ] || return 0; sleep 0.2; done
  left; return 1
}

# What was reported is then removed, so that one suite's leak is not the next one's failure.
sweep() {
  local p m
  for p in $(marked); do kill -KILL "$p" 2>/dev/null; done
  for m in $(awk -v dir="$TMP/" 'index($5, dir) == 1 { print $5 }' /proc/self/mountinfo | sort -r); do umount -l "$m"; done
}

keep_logs() {
  rm -rf "$KEPT"; mkdir -p "$KEPT"
  cp -r "$TMP/log/." "$KEPT/"
  echo "        logs: $KEPT"
}

finish() {
  local status=$? name i
  trap - EXIT
  set +e
  if [ "$status" != 0 ] && [ -z "$MUST" ]; then
    echo "the suite ended with status $status before its end" >"$TMP/log/.check"
    record "runs to its end" "$status" 0
  fi
  declare -F cleanup >/dev/null && cleanup   # a suite's own end: unmount, cluster down
  for ((i = ${#STARTED[@]} - 1; i >= 0; i--)); do
    name=${STARTED[$i]}
    [ ! -e "$TMP/pid/$name" ] || stop "$name" || echo "        $name did not stop on SIGTERM and was killed"
  done
  check "leaves nothing behind" nothing_left
  set +e
  [ "$FAILED" = 0 ] || { sweep; keep_logs; }
  rm -rf --one-file-system "$TMP"
  exit $((FAILED > 0))
}
trap finish EXIT
trap 'exit 130' INT TERM
