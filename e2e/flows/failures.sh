# Ballast's own processes die, are replaced, and the kubelet too: pods that read notice nothing.
reading='while sha256sum /model/model.safetensors; do sleep 0.2; done; echo FAILED'
reads() { k logs "$1" | grep -c "^$(sha_of small)" || true; }
reads_more() { [ "$(reads "$1")" -ge "$2" ]; }
reads_on() { wait_for 60 "five more reads of pod $1" reads_more "$1" $(($(reads "$1") + 5)); }
only_good_reads() { ! k logs "$1" | grep -v "^$(sha_of small)"; }
agent_pod() { k get pods -n $SYSTEM -l app.kubernetes.io/component=agent --field-selector "spec.nodeName=$1" -o 'jsonpath={.items[0].metadata.name}'; }
# The process in a container of an agent, killed from the machine.
kill_in_agent() {  # NODE PROGRAM
  local p
  for p in $(pgrep -x "$2"); do ! nsenter --target "$p" --net ip -4 -o addr show eth0 2>/dev/null | grep -q " 10.89.${1#n}\." || kill -KILL "$p"; done
}
restarts() { k get pod -n $SYSTEM "$(agent_pod "$1")" -o 'jsonpath={.status.containerStatuses[*].restartCount}'; }
restarted() { [ "$(restarts "$1")" != "$2" ] && agents_run; }
leader() { k get lease -n $SYSTEM ballast-operator -o 'jsonpath={.spec.holderIdentity}'; }
leader_changed() { [ -n "$(leader)" ] && [ "$(leader)" != "$1" ]; }

operator_dies() {
  local before; before=$(leader)
  k delete pod -n $SYSTEM "${before%%_*}" --grace-period=0 --force >/dev/null 2>&1
  check "the leader is killed: another one leads" wait_for 60 "another leader" leader_changed "$before"
  model after 8 >/dev/null
  cache after >/dev/null
  check "and a new model comes to all nodes" is_warm after 90s
  check "the operator has its replicas again" k rollout status -n $SYSTEM deployment/ballast-operator --timeout=60s
}

agent_dies() {
  local before
  cache small >/dev/null
  check "the model is warm" is_warm small 90s
  NODE=n1 COMMAND="$reading" pod reader clusterCache=small >/dev/null
  check "a pod reads in a loop" ready reader
  before=$(restarts n1)
  kill_in_agent n1 ballastd
  kill_in_agent n1 ballast-csi
  check "kill -9 of ballastd and ballast-csi: both are started again" wait_for 90 "the agent of n1" restarted n1 "$before"
  check "the pod reads on" reads_on reader
  NODE=n1 pod later clusterCache=small >/dev/null
  check "a new pod mounts" ready later 90s
  kill -KILL "$(cat "$CLUSTER/pid/kubelet-n1")"
  NODE=n1 pod latest clusterCache=small >/dev/null
  check "kill -9 of the kubelet: a new pod mounts" ready latest 90s
  check "the pod reads on" reads_on reader
  check "not one read failed" only_good_reads reader
}

upgrade() {
  cache small >/dev/null
  check "the model is warm" is_warm small 90s
  NODE=n2 COMMAND="$reading" pod reader clusterCache=small >/dev/null
  check "a pod reads in a loop" ready reader
  check "helm upgrade replaces every agent" helm upgrade ballast "$ROOT/charts/ballast" --namespace $SYSTEM --set agent.verbosity=1 --wait --timeout 3m
  check "the pod reads on" reads_on reader
  check "helm rollback brings the old ones back" helm rollback ballast 1 --namespace $SYSTEM --wait --timeout 3m
  check "the pod reads on" reads_on reader
  NODE=n2 pod later clusterCache=small >/dev/null
  check "a new pod mounts" ready later 90s
  check "not one read failed" only_good_reads reader
}

apiserver_down() {
  cache small >/dev/null
  check "the model is warm" is_warm small 90s
  NODE=n1 COMMAND="$reading" pod reader clusterCache=small >/dev/null
  check "a pod reads in a loop" ready reader
  kill -STOP "$(cat "$CLUSTER/pid/apiserver")"
  sleep 20
  kill_in_agent n1 ballastd
  sleep 20
  kill -CONT "$(cat "$CLUSTER/pid/apiserver")"
  check "the apiserver is back" wait_for 60 "the apiserver" k get --raw /readyz
  check "the pod has read on" reads_on reader
  check "not one read failed" only_good_reads reader
  check "and the agents run" wait_for 120 "the agents" agents_run
}
