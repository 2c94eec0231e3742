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
  others=$(audit_writes | grep -v ' leases ballast-operator$' || true)
  audit_writes | sort | uniq -c
  [ -z "$others" ]
}
per_node() {  # writes of CacheNodes, and everything else but the lease
  local nodes others
  audit_writes | sort | uniq -c
  nodes=$(audit_writes | grep -c ' cachenodes')
  others=$(audit_writes | grep -v ' cachenodes' | grep -vc ' leases ')
  echo "$nodes writes of CacheNodes for ${#NODES[@]} nodes, $others others"
  [ "$nodes" -le $((3 * ${#NODES[@]})) ] && [ "$others" -le 10 ]
}

api() {
  model asked 64
  audit_mark
  cache asked >/dev/null
  check "a model comes to all nodes" is_warm asked 90s
  check "for at most three writes a node (one of its spec, two of its status; two in all are the aim)" per_node
  audit_mark
  sleep 60      # the minute itself
  check "in a quiet minute only the leader's Lease is written" lease_only
}
