# Sourced by the fan-out benchmark: what a run costs. CPU is counted in two cgroups, of the origin and of the nodes.

CPU_ROOT=$(awk '$3 == "cgroup" && $4 ~ /cpuacct/ { v1 = $2 } $3 == "cgroup2" { v2 = $2 } END { print v1 ? v1 : v2 }' /proc/mounts)

group() { echo "$CPU_ROOT/$1-$ID"; }
make_groups() { mkdir "$(group origin)" "$(group nodes)"; }
remove_groups() { local g; for g in origin nodes; do [ ! -d "$(group $g)" ] || rmdir "$(group $g)"; done; }

# in_group GROUP COMMAND...: becomes the command, its CPU counted there; for `start` and for subshells.
in_group() { echo "$BASHPID" >"$(group "$1")/cgroup.procs"; exec "${@:2}"; }

cpu() {  # GROUP: seconds so far
  if [ -e "$(group "$1")/cpuacct.usage" ]; then awk '{ print $1 / 1e9 }' "$(group "$1")/cpuacct.usage"
  else awk '$1 == "usage_usec" { print $2 / 1e6 }' "$(group "$1")/cpu.stat"; fi
}

now() { echo "${EPOCHREALTIME/./}"; }   # microseconds
minus() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4f\n", a - b }'; }

# begin_meter NAME...: memory is that of the processes which `start` gave these names.
begin_meter() {
  local name pids=()
  for name in "$@"; do pids+=("$(pid_of "$name")"); done
  : >"$TMP/log/peaks"
  [ $# = 0 ] || start peaks "$ROOT/e2e/fanout/peaks" "${pids[@]}"
  [ ! -e "$TMP/log/nginx.requests" ] || : >"$TMP/log/nginx.requests"
  SENT0=$(sent origin) CPU0_ORIGIN=$(cpu origin) CPU0_NODES=$(cpu nodes) BEGAN=$(now)
}

# end_meter: from then on, CPU, bytes out of the origin and memory of this run are in COST, tab-separated:
# origin's CPU-s, nodes' CPU-s, bytes by the link, bytes by nginx's log of its answers, MiB anonymous, MiB in all.
end_meter() {
  local origin nodes link memory
  origin=$(minus "$(cpu origin)" "$CPU0_ORIGIN") nodes=$(minus "$(cpu nodes)" "$CPU0_NODES") link=$(($(sent origin) - SENT0))
  [ ! -e "$TMP/pid/peaks" ] || stop peaks
  memory=$(awk '{ if ($2 > a) a = $2; if ($3 > t) t = $3 } END { printf "%.1f\t%.1f", a, t }' "$TMP/log/peaks")
  COST="$origin	$nodes	$link	LOG	$memory"
}
bytes_by_log() { awk '/ \/bench\/model\/resolve\// { s += $1 } END { printf "%.0f", s }' "$TMP/log/nginx.requests"; }
