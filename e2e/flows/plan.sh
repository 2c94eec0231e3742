# `kubectl ballast plan`: what a policy would do is said before it is applied, and is then what happens.
SMALLER=$TMP/smaller.yaml
smaller_policy() {
  cat >"$SMALLER" <<'Y'
apiVersion: ballast.dev/v1alpha1
kind: CachePolicy
metadata: {name: smaller}
spec: {priority: 50, disk: {quota: 56Mi}}
Y
}
plan_of() { "$TMP/bin/kubectl-ballast" plan -f "$SMALLER" "$@"; }
# What goes and what stays, "n1: +dear +keeper -cheap" a line.
planned_briefly() { plan_of -o json | jq -r '.nodes[] | .node + ": " + ([(.evicted + .not_admitted | .[] | "-" + .cache), (.stays[] | "+" + .cache)] | sort | join(" "))'; }
plan_says() { plan_of; equal "the plan" "$1" "$(planned_briefly)"; }
# What nodes have of the three.
had_now() {
  local n m
  for n in "${NODES[@]}"; do echo "$n: $(for m in cheap dear keeper; do ! has_copy "$n" "$m" || echo "$m"; done | paste -sd ' ')"; done
}
have_now() { equal "copies" "$1" "$(had_now)"; }

# A pod without a grace period is out of the API before its kubelet unmounts: until then its volume protects the model.
mounts_are() {
  local n
  equal "mounts of each node" "$*" "$(for n in "${NODES[@]}"; do find "$(cache_of "$n")/leases" -type f | wc -l; done | paste -sd ' ')"
}

# What earlier flows have left on the disks would be the first to go. The mark that comes with a tenant's own model is an empty file: nothing is gained by its end.
disks_are_empty() { local n; for n in "${NODES[@]}"; do equal "blobs of $n" "" "$(find "$(cache_of "$n")/blobs/sha256" -type f -size +0)"; done; }

plan() {
  local before=$'n1: cheap dear keeper\nn2: cheap dear keeper\nn3: keeper'
  disk_policy 1Ki
  check "nodes begin with nothing" wait_for 30 "the end of what they have" disks_are_empty
  k delete cachepolicy disk >/dev/null
  model keeper 32; model dear 16; model cheap 16
  cache keeper 'nodes: {}
  priority: 500' >/dev/null
  cache dear 'priority: 100' >/dev/null; cache cheap 'priority: 1' >/dev/null
  NODE=n1 pod dear-1 clusterCache=dear >/dev/null; NODE=n1 pod cheap-1 clusterCache=cheap >/dev/null
  NODE=n2 pod dear-2 clusterCache=dear >/dev/null; NODE=n2 pod cheap-2 clusterCache=cheap >/dev/null
  check "all nodes have a model, two have two more by pods" k wait --for=condition=Ready cmcache/keeper pod/{dear,cheap}-{1,2} --timeout=90s
  k delete pod dear-1 cheap-1 dear-2 --timeout=30s >/dev/null
  check "the volumes of three of them go" wait_for 30 "the end of their mounts" mounts_are 0 1 0
  check "so it is" have_now "$before"
  smaller_policy
  check "a plan says what goes: the least; what is mounted stays" wait_for 20 "that plan" plan_says $'n1: +dear +keeper -cheap\nn2: +cheap +keeper -dear\nn3: +keeper'
  plan_of | sed 's/^/        /'
  check "and changes nothing" have_now "$before"
  check "no policy is there" fails_with "not found" k get cachepolicy smaller
  k apply -f "$SMALLER" >/dev/null
  check "applied, it does just that" wait_for 30 "the eviction" have_now $'n1: dear keeper\nn2: cheap keeper\nn3: keeper'
  check "the pod reads on" reads_model cheap-2 cheap
  k delete cachepolicy smaller >/dev/null
}
