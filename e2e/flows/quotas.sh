# What an administrator says of disk: per node, per tenant, per cache and in the whole cluster; who goes, who stays, and what it says.
agent_address() { k get pods -n $SYSTEM -l app.kubernetes.io/component=agent --field-selector "spec.nodeName=$1" -o 'jsonpath={.items[0].status.podIP}'; }
agent_metric() { admin --max-time 5 "http://$(agent_address "$1"):9420/metrics" | awk -v name="$2" '$1 == name { printf "%.0f\n", $2 }'; }
quota_everywhere() { local n; for n in "${NODES[@]}"; do [ "$(agent_metric "$n" ballast_cache_quota_bytes)" = "$1" ] || return 1; done; }

# disk_policy QUOTA [TENANTS]: what nodes may spend. That it evicts much is meant.
disk_policy() {
  k apply -f - >/dev/null <<Y
apiVersion: ballast.dev/v1alpha1
kind: CachePolicy
metadata: {name: disk}
spec: {priority: 100, disk: {quota: $1}, tenants: ${2:-[]}}
Y
  k annotate --overwrite cachepolicy disk "ballast.dev/confirm=$(k get cachepolicy disk -o 'jsonpath={.metadata.generation}')" >/dev/null
}
says() { k get "$@" -o json | jq -r '.status.conditions[] | .type + "=" + .status + " " + (.reason // "") + ": " + (.message // "")'; }
cache_says() { wait_for 30 "$1 to say '$2'" said "$@"; }
said() { says "${@:3}" "$1" | grep -E -- "$2"; }
no_copy() { ! has_copy "$1" "$2"; }
copies_are() { [ "$(copies "$1")" = "$2" ]; }

policy_reaches_all() {
  check "a CachePolicy is in effect on every node within 5 s, without a restart" quota_reaches
  disk_policy 96Mi
}
quota_reaches() { disk_policy 80Mi; wait_for 5 "80 MiB on every node" quota_everywhere 83886080; }

# Two policies of one priority for the same nodes.
policy() {  # NAME QUOTA
  k apply -f - >/dev/null <<Y
apiVersion: ballast.dev/v1alpha1
kind: CachePolicy
metadata: {name: $1}
spec: {priority: 90, disk: {quota: $2}}
Y
}
in_conflict_with() { cache_says "$1" "Conflict=True SamePriority: .*those of $2;" cachepolicy; }
rivals() {
  policy elder 300Mi
  check "a policy governs every node" wait_for 15 "300 MiB on every node" quota_everywhere 314572800
  policy younger 200Mi
  check "a second one of its priority: Conflict, and the first names it" in_conflict_with elder younger
  check "as it names the first" in_conflict_with younger elder
  check "which governs on" quota_everywhere 314572800
  k delete cachepolicy elder >/dev/null
  check "the first is deleted: no Conflict is left" cache_says younger 'Conflict=False HighestPriority' cachepolicy
  check "and the second governs" wait_for 15 "200 MiB on every node" quota_everywhere 209715200
  k delete cachepolicy younger >/dev/null
}

larger_than_the_quota() {
  model vast 128
  cache vast 'priority: 0' >/dev/null
  wait_for 30 "quota" quota_everywhere 100663296
  NODE=n1 pod vast clusterCache=vast >/dev/null
  check "a model larger than the quota is refused with the numbers" has_event vast 'NodeTooSmall.*128 MiB.*96.0 MiB' 15
  k delete pod vast --timeout=30s >/dev/null
}

shrinks() {
  model stays 40; model goes 24
  cache stays 'priority: 0' >/dev/null; cache goes 'priority: 0' >/dev/null
  NODE=n1 pod stays clusterCache=stays >/dev/null
  NODE=n1 pod goes clusterCache=goes >/dev/null
  check "two models on demand" ready stays
  check "side by side" ready goes
  k delete pod goes --timeout=30s >/dev/null
  disk_policy 50Mi
  check "a quota below what is used: what no pod has mounted goes" wait_for 30 "its eviction" no_copy n1 goes
  check "what is mounted stays" has_copy n1 stays
  disk_policy 30Mi
  check "also above the quota, and the node says so" wait_for 30 "QuotaExceeded" said n1 'QuotaExceeded=True' cachenode
  check "the pod reads on" reads_model stays stays
}

tenants() {
  local t
  for t in small large; do k create namespace "tenant-$t" >/dev/null; k label namespace "tenant-$t" "tier=$t" >/dev/null; done
  disk_policy 400Mi '[{namespaceSelector: {matchLabels: {tier: small}}, quotaPerNode: 50Mi, maxPriority: 500}, {namespaceSelector: {matchLabels: {tier: large}}, quotaPerNode: 200Mi}]'
  for t in first second; do model "$t" 30; done
  tenant_cache first tenant-small 200
  tenant_cache second tenant-small 100
  model wide 60
  tenant_cache wide tenant-large 0
  check "a tenant's first model fits its quota" k wait -n tenant-small --for=condition=Ready mcache/first --timeout=60s
  check "the second, of less priority, does not, and says by whose numbers" cache_says second '30.0 MiB.*50.0 MiB|50.0 MiB.*30.0 MiB' mcache -n tenant-small
  check "the other tenant's quota is its own" k wait -n tenant-large --for=condition=Ready mcache/wide --timeout=60s
  k delete namespace tenant-small tenant-large --timeout=60s >/dev/null
}
tenant_cache() {  # NAME NAMESPACE PRIORITY [NODES]: on every node, or as the fourth says; "": for pods
  k apply -f - >/dev/null <<Y
apiVersion: ballast.dev/v1alpha1
kind: ModelCache
metadata: {name: $1, namespace: $2}
spec: {source: {uri: "hf://org/$1"}, priority: $3${4-, nodes: {\}}}
Y
}

# quotaTotal: of all nodes together, by caches that name nodes and by pods alike.
quota_total() {
  local rest n
  disk_policy 400Mi "$(total_of 50Mi)"
  k create namespace tenant-total >/dev/null; k label namespace tenant-total tier=total >/dev/null
  model spread 20
  tenant_cache spread tenant-total 0
  check "quotaTotal: as many copies as fit are warm" wait_for 60 "two copies" copies_are spread 2
  check "and the cache says by whose numbers the third is not" cache_says spread 'QuotaExceeded=True TenantQuotaExceeded: needs 20.0 MiB, its namespace has 40.0 MiB of 50.0 MiB over all nodes; raise .*quotaTotal of CachePolicy disk' mcache -n tenant-total
  rest=$(without_copy spread)
  NAMESPACE=tenant-total NODE=$rest pod spread-reader cache=spread >/dev/null
  check "a pod there is told the same" has_event spread-reader '40.0 MiB of 50.0 MiB over all nodes'
  k delete pod -n tenant-total spread-reader --timeout=30s >/dev/null
  disk_policy 400Mi "$(total_of 70Mi)"
  check "it is raised: the third copy comes" wait_for 30 "three copies" copies_are spread 3
  check "and the cache says so" k wait -n tenant-total --for=condition=Ready mcache/spread --timeout=30s
  k delete mcache -n tenant-total spread --timeout=30s >/dev/null
  disk_policy 400Mi "$(total_of 50Mi)"
  model lent 20
  tenant_cache lent tenant-total 0 ''
  for n in n1 n2; do
    NAMESPACE=tenant-total NODE=$n pod "lent-$n" cache=lent >/dev/null
    check "what pods bring is counted, too: one on $n runs" k wait -n tenant-total --for=condition=Ready "pod/lent-$n" --timeout=60s
  done
  NAMESPACE=tenant-total NODE=n3 pod lent-n3 cache=lent >/dev/null
  check "a third does not, and is told why" has_event lent-n3 'needs 20.0 MiB, its namespace has 40.0 MiB of 50.0 MiB over all nodes'
  k delete namespace tenant-total --timeout=60s >/dev/null
  k delete cachepolicy disk >/dev/null
}
total_of() { echo "[{namespaceSelector: {matchLabels: {tier: total}}, quotaTotal: $1}]"; }
without_copy() { local n; for n in "${NODES[@]}"; do has_copy "$n" "$1" || echo "$n"; done; }

as_many_as_fit() {
  model counted 20
  cache counted 'nodes: {}
  gc: {clusterQuota: 50Mi}' >/dev/null
  check "clusterQuota: as many nodes are warm as fit" wait_for 60 "two copies" copies_are counted 2
  check "and it says which not, by whose numbers" cache_says counted 'QuotaExceeded=True.*clusterQuota' cmcache
  check "no third copy comes" copies_are counted 2
}

quotas() {
  rivals; policy_reaches_all; larger_than_the_quota; shrinks
  k delete pod stays --timeout=30s >/dev/null
  tenants; as_many_as_fit
  k delete cachepolicy disk >/dev/null
}
