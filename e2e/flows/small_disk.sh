# A node with one small disk for everything (the kubelet's folders, the container runtime's, the cache), which another program fills: Ballast gives
# way in time, and the kubelet has nothing to do. From 85 % on it would report DiskPressure, delete images and evict pods.
SMALL=n4 SMALL_MIB=1024
SPARE=(spare-1 spare-2 spare-3 spare-4 spare-5 spare-6 spare-7 spare-8)

small_root() { echo "$CLUSTER/nodes/$SMALL"; }
small_size() { df -B1 --output=size "$(small_root)" | tail -1; }
small_used() { df -B1 --output=size,avail "$(small_root)" | awk 'NR == 2 { printf "%.0f\n", $1 - $2 }'; }
small_percent() { echo $(($(small_used) * 100 / $(small_size))); }
small_joins() {
  "$ROOT/e2e/cluster/join" --disk $SMALL_MIB "$CLUSTER" $SMALL "$TMP/ballast.tar"
  k label node $SMALL disk=small
  wait_for 60 "an agent on $SMALL" agent_is_ready $SMALL
  wait_for 30 "the driver of $SMALL" small_has_driver
}
small_has_driver() { [ "$(k get csinode $SMALL -o 'jsonpath={.spec.drivers[*].name}')" = csi.ballast.dev ]; }
shares_the_disk() { [ "$(condition "cachenode/$SMALL" SharesNodeFilesystem)" = True ]; }
# For the kubelet all of it is one disk, the small one.
kubelet_sees_the_small_disk() {
  local size; size=$(small_size | tr -d ' ')
  k get --raw "/api/v1/nodes/$SMALL/proxy/stats/summary" | jq -c '.node | [.fs, .runtime.imageFs] | map([.capacityBytes, .availableBytes])' | tee /dev/stderr |
    jq -e --argjson size "$size" 'map(.[0]) == [$size, $size]'
}

pod_of_spares() {  # a pod that has all of them mounted
  jq -n --arg node $SMALL '{apiVersion: "v1", kind: "Pod", metadata: {name: "of-spares"}, spec: {
    terminationGracePeriodSeconds: 0, nodeName: $node,
    containers: [{name: "main", image: "localhost/busybox:e2e", imagePullPolicy: "Never", command: ["sleep", "100000"],
      volumeMounts: [$ARGS.positional[] | {name: ., mountPath: "/\(.)"}]}],
    volumes: [$ARGS.positional[] | {name: ., csi: {driver: "csi.ballast.dev", readOnly: true, volumeAttributes: {clusterCache: .}}}]}}' \
    --args "${SPARE[@]}" | k apply -f -
}
small_copies() { local one c=0; for one in "${SPARE[@]}"; do ! has_copy $SMALL "$one" || c=$((c + 1)); done; echo $c; }
has_all_ten() { equal "unmounted models" ${#SPARE[@]} "$(small_copies)"; has_copy $SMALL wished; has_copy $SMALL mounted; [ "$(small_percent)" -lt 80 ]; }

# Another program's file grows until so much of the disk is in use.
others_fill_to() {  # PERCENT
  local file; file=$(small_root)/others
  touch "$file"
  fallocate -l $(($(stat -c %s "$file") + $(small_size) * $1 / 100 - $(small_used))) "$file"
}
below_71() { [ "$(small_percent)" -lt 71 ]; }
gives_way() {  # within two looks at the disk, which are 10 s apart
  wait_for 20 "70 % of the disk" below_71
  has_copy $SMALL wished; has_copy $SMALL mounted
}
fills_and_frees() {  # says what was seen
  local full begin=$SECONDS had; had=$(small_copies)
  others_fill_to 84
  full=$(small_percent)
  check "another program fills the disk to 84 %, $1: Ballast frees down to 70 %" gives_way
  echo "        $full % used; after $((SECONDS - begin)) s $(small_percent) %, $((had - $(small_copies))) models of 40 MiB went, $(small_copies) are left"
}

pressure_was_reported() { sort -u "$TMP/log/pressure"; }
kubelet_saw_no_pressure() {
  equal "DiskPressure of the node" False "$(pressure_was_reported)"
  equal "events of the kubelet" "" "$(k get events -A -o json | jq -r --arg node $SMALL '.items[] | select(.source.host == $node or .involvedObject.name == $node) |
    select(.reason | test("DiskPressure$|^Evict|FreeDiskSpace|ImageGC")) | select(.reason != "NodeHasNoDiskPressure") | .reason + ": " + .message')"
  equal "what it did" "" "$(grep -i 'attempting to reclaim\|evicting pod\|removing image' "$CLUSTER/log/kubelet-$SMALL")"
  equal "pods that failed" "" "$(k get pods -A --field-selector status.phase=Failed -o name)"
}

small_goes() {
  k delete pods -n default --all --timeout=60s
  k delete node $SMALL --timeout=60s
  "$ROOT/e2e/cluster/down" "$CLUSTER" $SMALL
  k delete pods -n $SYSTEM --field-selector spec.nodeName=$SMALL --force --grace-period=0
  wait_for 60 "the end of its CacheNode" no_cache_node $SMALL
}

small_disk() {
  local one
  check "a node of one small disk joins" small_joins
  check "its CacheNode says that the cache shares it with the kubelet" wait_for 30 "SharesNodeFilesystem" shares_the_disk
  check "the kubelet has nothing but that disk" wait_for 30 "its figures" kubelet_sees_the_small_disk
  start pressure "$KUBECTL" get node $SMALL --watch -o 'jsonpath={.status.conditions[?(@.type=="DiskPressure")].status}{"\n"}'
  for one in "${SPARE[@]}"; do model "$one" 40; cache "$one" 'priority: 0' >/dev/null; done
  model mounted 32; cache mounted 'priority: 0' >/dev/null
  model wished 32; cache wished 'nodes: {selector: {matchLabels: {disk: small}}}' >/dev/null
  pod_of_spares >/dev/null
  NODE=$SMALL pod holds-on clusterCache=mounted >/dev/null
  check "pods there mount nine models" k wait --for=condition=Ready pod/of-spares pod/holds-on --timeout=90s
  check "a tenth is kept warm" is_warm wished
  k delete pod of-spares --timeout=60s >/dev/null
  check "eight are mounted no more, and all are there" has_all_ten
  fills_and_frees "once"
  check "an event says what went, and why" has_event $SMALL 'ModelsEvicted.*least recently used'
  fills_and_frees "and again"
  sleep 11      # the kubelet looks at its disk every 10 s
  check "the kubelet has never seen DiskPressure, and has evicted nothing" kubelet_saw_no_pressure
  check "the pod reads on" reads_model holds-on mounted
  stop pressure
  check "the node goes, with its disk" small_goes
}
