# Nodes come and go: a new one is warmed by the others, seeds feed those that come back, a label decides who has a model.
kubelet_restarts() { kill -9 "$(cat "$CLUSTER/pid/kubelet-$1")"; }
node_is_ready() { k get node "$1" --no-headers 2>/dev/null | grep -qw Ready; }
agent_is_ready() { k wait -n $SYSTEM --for=condition=Ready "pod/$(agent_of "$1")" --timeout=5s; }
no_agent() { [ -z "$(k get pods -n $SYSTEM -l app.kubernetes.io/component=agent --field-selector "spec.nodeName=$1" -o name)" ]; }
no_cache_node() { ! k get cachenode "$1" 2>/dev/null; }

# The machine goes, with its disk.
node_goes() {
  k delete node "$1" --timeout=60s >/dev/null
  wait_for 150 "the end of the agent on $1" no_agent "$1"      # Kubernetes takes up to 80 s to miss the node of a pod
  wait_for 60 "the end of its containers" no_daemon "$1"
  find "$(cache_of "$1")" -mindepth 1 -delete
}
no_daemon() { [ -z "$(pids_on "$1" ballastd)" ]; }
# A machine of that name comes, with an empty disk.
node_comes() {
  kubelet_restarts "$1"
  wait_for 60 "node $1" node_is_ready "$1"
  wait_for 60 "an agent on $1" agent_is_ready "$1"
}
pids_on() {  # NODE PROGRAM
  local pid
  for pid in $(pgrep -x "$2"); do grep -q "/ballast-$ID-$1/" "/proc/$pid/cgroup" && echo "$pid"; done
  true
}
stop_hub() { stop hub; }
lets_go() { k get cachenode "$1" -o json | jq -e --arg cache "$2" '[.spec.caches[]? | select(.cache == $cache and .pinned)] == []'; }

a_new_node() {
  model shared 16
  cache shared >/dev/null
  check "all nodes have a model" is_warm shared 90s
  check "a node goes with its disk" node_goes n3
  check "its CacheNode goes with it" wait_for 30 "its end" no_cache_node n3
  stop_hub
  check "a new one comes, while the hub is off" node_comes n3
  check "it gets the model from the others" wait_for 60 "a copy" has_copy n3 shared
  start_hub
}

seeds() {
  model seeded 16
  k label nodes n1 n2 role=gpu >/dev/null; k label node n3 role=storage >/dev/null
  cache seeded 'nodes: {selector: {matchLabels: {role: gpu}}}
  seeds: {count: 1, selector: {matchLabels: {role: storage}}}' >/dev/null
  check "selected nodes and a seed have it" wait_for 90 "three copies" equal_copies seeded 3
  check "all selected nodes go" both_go
  hub_forgets
  check "one comes back" node_comes n1
  k label node n1 role=gpu >/dev/null
  check "the seed feeds it" wait_for 60 "a copy" has_copy n1 seeded
  check "no byte has left the hub" nothing_left_the_hub seeded
  check "the other one comes back" node_comes n2
  k label node n3 role- >/dev/null
}
nothing_left_the_hub() { equal "bytes" 0 "$(hub_bytes "$1")" || { admin "$HUB_ADMIN/requests" | jq -c '.[] | [.path, .range, .user_agent, .bytes_sent]'; return 1; }; }
equal_copies() { equal "copies" "$2" "$(copies "$1")"; }
both_go() { node_goes n1 && node_goes n2; }

a_label() {
  model labelled 4
  k label node n1 pool=a >/dev/null
  cache labelled 'nodes: {selector: {matchLabels: {pool: a}}}' >/dev/null
  check "the node with the label gets the model" is_warm labelled
  check "and no other" equal "copies" 1 "$(copies labelled)"
  k label node n2 pool=a >/dev/null
  check "one that is labelled later gets it, too" wait_for 30 "a copy" has_copy n2 labelled
  k label node n1 n2 pool- >/dev/null
  check "without the label a node lets it go" wait_for 15 "it is wanted no more" lets_go n1 labelled
}

TAINT=startup-taint.cluster-autoscaler.kubernetes.io/ballast
is_tainted() { k get node "$1" -o json | jq -e --arg key $TAINT '[.spec.taints[]? | select(.key == $key)] | length == 1'; }
is_not_tainted() { ! is_tainted "$1" >/dev/null; }

startup_taint() {
  model required 4
  cache required 'nodes: {required: true}' >/dev/null
  check "all nodes have a required model" is_warm required
  check "a node goes with its disk" node_goes n3
  stop_hub; stop_peers
  kubelet_restarts n3
  check "a new one comes, and nobody can give it the model" wait_for 60 "node n3" node_is_ready n3
  k taint node n3 "$TAINT=:NoSchedule" >/dev/null
  check "a node that cannot be warm keeps its taint" is_tainted n3
  check "until maxWait" wait_for 60 "the taint's end" is_not_tainted n3
  check "and an event says so" has_event n3 'required'
  start_hub; start_peers
  check "then it is warmed all the same" wait_for 120 "a copy" has_copy n3 required
}
# The other agents are stopped for a while: nobody can give the model away.
stop_peers() { local n; for n in n1 n2; do kill -STOP $(pids_on $n ballastd); done; }
start_peers() { local n; for n in n1 n2; do kill -CONT $(pids_on $n ballastd); done; }

membership() {
  a_new_node
  seeds
  a_label
}
