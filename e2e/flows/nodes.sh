# Nodes that come, go and come back; the hub is off, others have the model.
drop_copy() {  # NODE: as a new machine has none
  k delete pod -n $SYSTEM -l app.kubernetes.io/component=agent --field-selector "spec.nodeName=$1" --wait=true
}
desired() { equal "nodes that shall have $1" "$2" "$(k get cmcache "$1" -o 'jsonpath={.status.nodes.desired}')"; }
lists() { k get cnode "$1" -o 'jsonpath={range .spec.caches[?(@.pinned==true)]}{.cache}{"\n"}{end}' | grep -x "$2"; }
lists_not() { ! lists "$@"; }
nothing_from_hub() { equal "bytes out of the hub" "$2" "$(hub_bytes "$1")"; }
ready_nodes() { k wait --for=condition=Ready "node/$1" --timeout=60s; }
labelled='{"nodes": {"selector": {"matchLabels": {"role": "gpu"}}}}'

node_joins() {
  local before
  model joins 24 >/dev/null
  k label nodes n1 n2 role=gpu >/dev/null
  cache joins "$labelled" >/dev/null
  check "the nodes of the selector are warm" is_warm joins 90s
  check "and the third has nothing" equal "copies" 2 "$(copies joins)"
  before=$(hub_bytes joins)
  hub_off
  k label node n3 role=gpu >/dev/null
  check "a node that joins is warmed by the others while the hub is off" wait_for 60 "three copies" three_copies joins
  hub_on
  check "no byte came from the hub" nothing_from_hub joins 0
  k label node n2 role- >/dev/null
  check "a node that loses the label is told to let the model go" wait_for 30 "CacheNode n2" lists_not n2 joins
  check "and is counted no more" wait_for 30 "two desired nodes" desired joins 2
  k label nodes n1 n3 role- >/dev/null
}
three_copies() { equal "copies" 3 "$(copies "$1")"; }

seeds_feed() {
  model seeded 24 >/dev/null
  k label node n1 role=storage >/dev/null
  cache seeded '{"seeds": {"count": 1, "selector": {"matchLabels": {"role": "storage"}}}, "nodes": {"selector": {"matchLabels": {"role": "gpu"}}}}' >/dev/null
  check "the seed is warm although no node is selected" wait_for 60 "the seed" has_copy n1 seeded
  hub_off
  k label node n2 role=gpu >/dev/null
  check "the first node of the selector has it from the seed, the hub being off" wait_for 60 "a copy on n2" has_copy n2 seeded
  hub_on
  k label nodes n1 n2 role- >/dev/null
}

node_deleted() {
  k delete node n3 --wait=true >/dev/null
  check "the CacheNode goes with its Node" wait_for 60 "CacheNode n3" gone cnode/n3
  kill -KILL "$(cat "$CLUSTER/pid/kubelet-n3")"
  check "the node comes back" wait_for 60 "node n3" ready_nodes n3
  check "and gets a new CacheNode" wait_for 60 "CacheNode n3" k get cnode n3
  check "its agent runs again" wait_for 90 "the agents" agents_run
}
gone() { ! k get "$1"; }
agents_run() { k rollout status -n $SYSTEM daemonset/ballast-agent-default --timeout=1s; }
