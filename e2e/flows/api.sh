# What the apiserver is asked by Ballast: when a model comes to all nodes, and in a quiet minute. From its audit log.
AUDIT=$CLUSTER/log/audit

audit_mark() { AUDIT_FROM=$(($(wc -l <"$AUDIT") + 1)); }
# What changes something, since the mark: "who verb resource[/subresource] name" a line.
audit_writes() {
  tail -n "+$AUDIT_FROM" "$AUDIT" | jq -r 'select(.verb | IN("create", "update", "patch", "delete")) |
    [(.user.username | sub(".*:"; "")), .verb, .objectRef.resource + (if .objectRef.subresource then "/" + .objectRef.subresource else "" end), .objectRef.name // "-"] | join(" ")'
}
lease_only() {
  local others
  others=$(audit_writes | sed '/ leases ballast-operator$/d')
  audit_writes | sort | uniq -c
  [ -z "$others" ]
}
per_node() {  # writes of CacheNodes, and everything else but the lease
  local nodes others
  audit_writes | sort | uniq -c
  nodes=$(audit_writes | grep -c ' cachenodes')
  others=$(audit_writes | grep -v ' cachenodes' | grep -vc ' leases ')
  echo "$nodes writes of CacheNodes for ${#NODES[@]} nodes, $others others"
  [ "$nodes" -le $((2 * ${#NODES[@]})) ] && [ "$others" -le 10 ]
}

api() {
  model asked 64
  audit_mark
  cache asked 'nodes: {}
  priority: 1' >/dev/null
  check "a model comes to all nodes" is_warm asked 90s
  check "for at most two writes a node" per_node
  check "with a pod, a model for which there is no room and one that the hub does not have" not_all_is_well
  check "how many pods have it mounted is asked of nodes and told now and then" wait_for 90 "one" mounted_by 1 asked
  check "in the end all is told" wait_for 90 "the last write" all_is_told
  audit_mark
  sleep 60      # the minute itself
  check "in a quiet minute only the leader's Lease is written" lease_only
  k delete cachepolicy disk >/dev/null
}

# All that a minute can be quiet with: a mounted claim, a cache that is not admitted, one without a model.
not_all_is_well() {
  disk_policy 100Mi
  model surplus 64
  cache surplus
  cache nowhere
  claim asked asked
  NODE=n1 pod asked pvc:asked
  ready asked
  wait_for 15 "the claim in the status" bound_in_status asked
  cache_says surplus 'NotAdmitted: needs 64.0 MiB' cmcache
  cache_says nowhere SourceNotFound cmcache
}
mounted_by() { equal "mounts of $2" "$1" "$(k get cmcache "$2" -o 'jsonpath={.status.volumes.mounted}')"; }
# Each node has said what it makes of its CacheNode as it is now: where nothing urgent came of that, this takes a minute. And nobody adds to it.
all_is_told() {
  k get cachenodes -o json | jq -e 'all(.items[]; .metadata.generation == .status.observedGeneration)' &&
    no_write_for 5
}
no_write_for() {  # SECONDS, but of the Lease
  local last
  last=$(tail -n "+$AUDIT_FROM" "$AUDIT" | jq -r 'select((.verb | IN("create", "update", "patch", "delete")) and .objectRef.resource != "leases") | .requestReceivedTimestamp' | sort | tail -1)
  [ $(($(date +%s) - $(date -d "$last" +%s))) -ge "$1" ]
}
