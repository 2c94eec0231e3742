# Sourced by the fan-out benchmark: Ballast as a contender, by itself or while something goes wrong (CASE).
#
# A case may have three functions: before (nodes are up), during (in the background from when the pulls begin), after (the healthy
# nodes are done). $RUN/killed/I: node I is not expected to finish; $RUN/held/I: it may come after the healthy ones, but it must.

pull_node() {
  local delay=${DELAY[$1]:-0}
  [ "$delay" = 0 ] || sleep "$delay"
  [ -e "$RUN/killed/$1" ] || now >"$RUN/began/node-$1"
  in_group nodes "$BIN/ballast" --socket "$RUN/node-$1/sock" pull hf://bench/model
}
pull_and_stamp() { (pull_node "$1") >"$RUN/pull-$1" 2>&1 && now >"$RUN/done/node-$1"; }

must_have_done() {  # NODE...
  local i
  for i in "$@"; do
    [ -e "$RUN/killed/$i" ] || [ -e "$RUN/done/node-$i" ] || { echo "node-$i did not get it:"; tail -3 "$RUN/pull-$i"; tail -20 "$TMP/log/ballastd-$i"; return 1; }
  done
}

swarm_prepare() {  # MODE
  mkdir -p "$RUN"/{began,killed,held}
  DELAY=()
  start_nodes "$1" $(seq "$NODES")
  [ -z "${CASE:-}" ] || ! declare -F "${CASE}_before" >/dev/null || "${CASE}_before"
}
swarm_go() {
  local i pids=() events= healthy held
  for i in $(seq "$NODES"); do pull_and_stamp "$i" & pids[i]=$!; done
  [ -z "${CASE:-}" ] || ! declare -F "${CASE}_during" >/dev/null || { "${CASE}_during" & events=$!; }
  healthy=$(for i in $(seq "$NODES"); do [ -e "$RUN/held/$i" ] || echo "$i"; done) held=$(ls "$RUN/held")
  wait_all $healthy
  [ -z "$events" ] || wait "$events"
  [ -z "${CASE:-}" ] || ! declare -F "${CASE}_after" >/dev/null || "${CASE}_after"
  wait_all $held
}
wait_all() {  # NODE...: whose pulls are in `pids`
  local i end=$((SECONDS + LIMIT))
  for i in "$@"; do
    while [ $SECONDS -lt $end ] && ! process_ended "${pids[i]}"; do sleep 0.05; done
  done
  must_have_done "$@"
}

ballast_prepare() { swarm_prepare mtls; }
ballast_go() { swarm_go; }
ballast_file() { blob_file "$1"; }
ballast_daemons() { local i; for i in $(seq "$NODES"); do [ ! -e "$TMP/pid/ballastd-$i" ] || echo "ballastd-$i"; done; }
ballast_plain_prepare() { swarm_prepare plain; }
ballast_plain_go() { swarm_go; }
ballast_plain_file() { blob_file "$1"; }
ballast_plain_daemons() { ballast_daemons; }
ballast_alone_prepare() { swarm_prepare alone; }
ballast_alone_go() { swarm_go; }
ballast_alone_file() { blob_file "$1"; }
ballast_alone_daemons() { ballast_daemons; }

# --- who decides what

ranking() {  # KEY: the nodes' numbers in rendezvous order
  local i
  for i in $(seq "$NODES"); do echo "$(printf '%b\0%s' "$1" "node-$i" | xxhsum -H3 | awk '{ print $NF }') $i"; done | sort -r | awk '{ print $2 }'
}
resolvers() { ranking 'hf://bench/model@main\norigin=""'; }
coordinators() { ranking "$MANIFEST"; }

# The model's manifest digest, as any node that has it knows it.
learn_manifest() {
  NODES=1
  rm -rf "$RUN"
  mkdir -p "$RUN"
  start_nodes alone 1
  node_cli 1 --output json pull hf://bench/model | jq -r .manifest >"$TMP/manifest"
  stop ballastd-1
}

kill_node() {  # I...
  local i
  for i in "$@"; do
    : >"$RUN/killed/$i"
    kill -KILL "$(pid_of "ballastd-$i")"
    rm "$TMP/pid/ballastd-$i"
  done
}
after_share() { sleep "$(awk -v lb="$LB" -v s="$1" 'BEGIN { print lb * s }')"; }   # of the lower bound

# --- the cases

CASES="late_joiner staggered slow_node two_killed coordinator_stopped origin_stalled quarter_killed coordinators_dead partition"

late_joiner_before() { DELAY[NODES]=$(awk -v lb="$LB" 'BEGIN { print lb / 2 }'); : >"$RUN/held/$NODES"; }

staggered_before() { local i; for i in $(seq "$NODES"); do DELAY[i]=$(awk -v lb="$LB" -v i="$i" -v n="$NODES" 'BEGIN { print (i - 1) * lb / 2 / n }'); done; }

slow_node_before() { : >"$RUN/held/$NODES"; shape "node-$NODES" $((NODE_RATE / 10)); }
slow_node_after() { LIMIT=$((LIMIT * 4)); }
slow_node_undo() { shape "node-$NODES" "$NODE_RATE"; }

two_killed_during() { after_share 0.5; kill_node $(coordinators | tail -2); }

coordinator_stopped_before() { : >"$RUN/held/$(coordinators | head -1)"; }
coordinator_stopped_during() { after_share 0.5; kill -STOP "$(pid_of "ballastd-$(coordinators | head -1)")"; }
coordinator_stopped_after() { kill -CONT "$(pid_of "ballastd-$(coordinators | head -1)")"; }

nginx_signal() { kill "-$1" "$(pid_of nginx)" $(cat /proc/"$(pid_of nginx)"/task/*/children); }
origin_stalled_during() { after_share 0.25; nginx_signal STOP; sleep 10; nginx_signal CONT; }

# A quarter of the nodes, those that get most from the origin at that moment first.
fetching() { on origin ss -tnH state established 'sport = :80' | awk '{ split($4, a, "[.:]"); print $2, a[4] }' | sort -k1,1nr | awk '!seen[$2]++ { print $2 }'; }
quarter_killed_during() { after_share 0.5; kill_node $({ fetching; seq "$NODES"; } | awk '!seen[$1]++' | head -$((NODES / 4))); }

coordinators_dead_before() { kill_node $({ coordinators | head -1; resolvers | head -1; } | sort -u); }

partition_before() { sever "$(seq -f node-%g -s, $((NODES / 2)))"; }
partition_undo() { mend; }
