# What dies, and what goes on: the operator, the agents, the kubelet, the apiserver. Pods read all the while.
leader() { k get lease ballast-operator -n $SYSTEM -o 'jsonpath={.spec.holderIdentity}'; }
leader_changed() { [ "$(leader)" != "$1" ] && [ -n "$(leader)" ]; }

# A pod on each node reads the model again and again; a read that fails ends it.
readers() {
  local n
  for n in "${NODES[@]}"; do
    NODE=$n COMMAND='want=$(sha256sum </model/model.safetensors); while [ "$(sha256sum </model/model.safetensors)" = "$want" ]; do :; done; exit 1' \
      pod "reader-$n" clusterCache=alive >/dev/null
  done
}
they_read() { local n; for n in "${NODES[@]}"; do k wait --for=condition=Ready "pod/reader-$n" --timeout=60s; done; }
still_reading() { local n; for n in "${NODES[@]}"; do equal "phase of reader-$n" Running "$(k get pod "reader-$n" -o 'jsonpath={.status.phase}')"; done; }
same_mounts() { equal "mounts" "$1" "$(mounts)"; }
mounts() { local n; for n in "${NODES[@]}"; do on_node "$n" grep -c ' /var/lib/kubelet/pods/.*kubernetes.io~csi' /proc/self/mountinfo; done; }
agents_run() { k rollout status daemonset -n $SYSTEM -l app.kubernetes.io/component=agent --timeout=120s; }
a_pod_comes() {  # and goes again, with its mount
  local before; before=$(mounts)
  NODE=n2 pod "$1" clusterCache=alive >/dev/null
  ready "$1" 90s
  k delete pod "$1" >/dev/null
  wait_for 20 "its unmount" same_mounts "$before"
}
kill_on_all() { local n; for n in "${NODES[@]}"; do kill -9 $(pids_on "$n" "$1"); done; }

operator_dies() {
  local before; before=$(leader)
  k delete pod -n $SYSTEM "${before%%_*}" --force --grace-period=0 >/dev/null
  check "the leading operator is killed: another leads" wait_for 60 "a new leader" leader_changed "$before"
  model after 4
  cache after >/dev/null
  check "and it works" is_warm after
}

agents_die() {
  local before; before=$(mounts)
  kill_on_all ballastd; kill_on_all ballast-csi
  check "agents are killed: pods read on" still_reading
  check "mounts are the same" same_mounts "$before"
  check "agents come back" wait_for 90 "agents" agents_run
  check "and pods can mount" a_pod_comes after-the-kill
}

upgrade() {
  local before; before=$(mounts)
  check "helm upgrade replaces the agents" helm upgrade ballast "$ROOT/charts/ballast" -n $SYSTEM --set-string 'agent.podAnnotations.round=2' --wait --timeout 3m
  check "pods read on" still_reading
  check "mounts are the same" same_mounts "$before"
  check "helm rollback" helm rollback ballast -n $SYSTEM --wait --timeout 3m
  check "pods read on" still_reading
  check "pods can mount" a_pod_comes after-the-rollback
}

kubelet_dies() {
  kubelet_restarts n1
  check "a kubelet is restarted" wait_for 60 "the node" node_is_ready n1
  check "pods read on" still_reading
  check "the driver is registered again" wait_for 30 "registration" registered
}

# A transfer to all nodes, held in its midst. The node that is restarted begins with what it has on disk.
all_fetch() { local n; for n in "${NODES[@]}"; do [ -n "$(find "$(cache_of "$n")/ingest" -type f -size +1M)" ] || return 1; done; }
held_in_its_midst() {
  admin --max-time 60 -d '{"count": 1}' "$HUB_ADMIN/stalled"
  wait_for 60 "a part of it on all nodes" all_fetch
  equal "whole copies" 0 "$(copies meanwhile)"
}
daemon_restarted() { local now; now=$(pids_on "$1" ballastd); [ -n "$now" ] && [ "$now" != "$2" ]; }     # NODE OLD-PID
# What the reader on NODE has mounted, read without the apiserver: through its process.
reader_reads() { equal "sha256 in the reader on $1" "$(sha_of alive)" "$(sha256sum <"/proc/$(pids_on "$1" sh | head -1)/root/model/model.safetensors" | cut -c1-64)"; }
all_readers_read() { local n; for n in "${NODES[@]}"; do reader_reads "$n"; done; }
no_apiserver() { fails_with "" k get --raw /readyz --request-timeout=2s; }

apiserver_is_away() {
  local before begin n
  model meanwhile 64
  hub_stalls meanwhile 33554432
  cache meanwhile >/dev/null
  check "a model is on its way to all nodes, and stays so" held_in_its_midst
  begin=$SECONDS
  kill -STOP "$(cat "$CLUSTER/pid/apiserver")"
  before=$(pids_on n1 ballastd)
  kill -9 $before
  check "the apiserver is away, and an agent is killed: it comes back" wait_for 45 "its process" daemon_restarted n1 "$before"
  hub_goes_on
  for n in "${NODES[@]}"; do check "the transfer goes on: $n has the model" wait_for 30 "a copy" has_copy "$n" meanwhile; done
  check "pods read on" all_readers_read
  check "all without the apiserver" no_apiserver
  sleep $((SECONDS - begin < 60 ? 60 - (SECONDS - begin) : 0))       # the rest of the minute
  kill -CONT "$(cat "$CLUSTER/pid/apiserver")"
  wait_for 30 "the apiserver" k get --raw /readyz
  check "it was away for a minute: pods read on" still_reading
  check "the cache becomes Ready" is_warm meanwhile
  check "agents run" wait_for 90 "agents" agents_run
  check "and pods can mount" a_pod_comes after-the-minute
}

faults() {
  model alive 8
  cache alive >/dev/null
  check "a model is warm" is_warm alive
  readers
  check "a pod on each node reads it" they_read
  operator_dies
  agents_die
  upgrade
  kubelet_dies
  apiserver_is_away
}
