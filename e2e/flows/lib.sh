# Sourced by e2e/suites/cluster: a cluster of real kubelets with Ballast in it, as README says, and words for the flows.
CLUSTER=$TMP/cluster HUB=$TMP/hub
KUBECTL=$CLUSTER/bin/kubectl
HUB_ADDRESS=10.88.0.1 CDN_ADDRESS=10.88.0.2 HUB_ADMIN=http://10.88.0.1:8082
SYSTEM=ballast-system
NODES=(n1 n2 n3)
MORE_IMAGES=()   # archives, beside those of the flows

# --- the world ----------------------------------------------------------------------------------------------------------

k() { "$KUBECTL" "$@"; }
in_control_plane() { nsenter --net="/run/netns/ballast-$ID-cp" "$@"; }
on_node() { "$ROOT/e2e/cluster/node" "$CLUSTER" "$@"; }     # NODE COMMAND...
cache_of() { echo "$CLUSTER/nodes/$1/ballast"; }

# What README calls helm, kubectl and kubectl-ballast. This cluster has no registry and no way to the public hub: helm gets values for that.
tools() {
  mkdir -p "$TMP/bin"
  ln -sf "$KUBECTL" "$TMP/bin/kubectl"
  cat >"$TMP/bin/helm" <<B
#!/bin/bash
case \$1 in install|upgrade) set -- "\$@" --values $TMP/values.yaml --timeout 2m ;; esac
exec nsenter --net=/run/netns/ballast-$ID-cp env KUBECONFIG=$CLUSTER/kubeconfig HELM_CACHE_HOME=$TMP/helm HELM_CONFIG_HOME=$TMP/helm HELM_DATA_HOME=$TMP/helm $ROOT/e2e/helm "\$@"
B
  cat >"$TMP/bin/kubectl-ballast" <<B
#!/bin/bash
exec nsenter --net=/run/netns/ballast-$ID-cp env KUBECONFIG=$CLUSTER/kubeconfig $BIN/ballast kube "\$@"
B
  chmod +x "$TMP"/bin/{helm,kubectl-ballast}
}
helm() { "$TMP/bin/helm" "$@"; }
why() { "$TMP/bin/kubectl-ballast" why "$@"; }

values() {
  cat >"$TMP/values.yaml" <<Y
image: {repository: localhost/ballast, tag: e2e, pullPolicy: Never}
origins:
- {name: hub, match: "hf://", endpoint: "http://$HUB_ADDRESS:8080", allowPrivateAddresses: true}
poll: 5s
startupTaint: {maxWait: 30s}
agent:
  pools:
  - name: default
    nodeSelector: {kubernetes.io/os: linux}
    cache: {hostPath: /var/lib/ballast, minAvailable: 64Mi}
Y
}

images() {
  "$ROOT/e2e/cluster/ballast_image" "$TMP/ballast.tar" "$BIN"
  "$ROOT/e2e/cluster/python_image" "$TMP/hub-client.tar" "$ROOT/e2e/flows/requirements.txt"
  "$ROOT/e2e/cluster/image" docker.io/library/busybox:1.36 "$TMP/busybox.tar" /bin/busybox=/bin/busybox \
    $(/bin/busybox --list | grep -vx busybox | sed 's|.*|/bin/&->busybox|') /tmp/ /proc/ /sys/ /dev/
}

# readme N: the Nth block of commands of the quick start, as it stands there.
readme_block() {
  awk -v wanted="$1" '
    /^## / { on = ($0 == "## Quick start on Kubernetes"); next }
    !on { next }
    /^    / { if (!inside) { n++; inside = 1 } if (n == wanted) print substr($0, 5); next }
    /^$/ { if (inside) held = held "\n"; next }
    { inside = 0 }' "$ROOT/README.md"
}
readme() {
  readme_block "$1" >"$TMP/readme-$1"
  [ -s "$TMP/readme-$1" ] || { echo "README has no block $1 in its quick start"; return 1; }
  (cd "$ROOT" && PATH=$TMP/bin:$PATH bash -euxo pipefail "$TMP/readme-$1")
}

# --- the hub ------------------------------------------------------------------------------------------------------------

start_hub() {    # its CDN is another host, as in the world: the hub's own client insists
  rm -f "$TMP/hub.json"
  in_control_plane ip addr replace $CDN_ADDRESS/24 dev br0
  start hub nsenter --net="/run/netns/ballast-$ID-cp" "$BIN/ballast-hub-stand-in" --root "$HUB" --ready-file "$TMP/hub.json" --token hf_good \
    --address $HUB_ADDRESS --cdn-address $CDN_ADDRESS --admin-address $HUB_ADDRESS --port 8080 --cdn-port 8081 --admin-port 8082
  wait_for 15 "the hub stand-in" test -s "$TMP/hub.json"
}
admin() { in_control_plane curl -sSf "$@"; }
# hub_bytes NAME: bytes of files of org/NAME that left the hub and its CDN.
hub_bytes() { admin "$HUB_ADMIN/requests" | jq --arg name "org/$1/" '[.[] | select((.file // "") | startswith($name)) | .bytes_sent] | add // 0'; }
hub_forgets() { admin -X DELETE "$HUB_ADMIN/requests" >/dev/null; }

model() {  # NAME MIB: org/NAME with a file that compresses to nothing and two small ones
  local at=$HUB/models/org/$1
  mkdir -p "$at/sub"
  head -c $(($2 * 1048576)) /dev/urandom >"$at/model.safetensors"
  echo "{\"name\": \"$1\"}" >"$at/config.json"
  echo deep >"$at/sub/deep.txt"
  admin -d "{\"repository\": \"org/$1\", \"folder\": \"$at\"}" "$HUB_ADMIN/publish" >/dev/null
}
bytes_of() { find "$HUB/models/org/$1" -type f ! -name '.hub.json' -printf '%s\n' | awk '{ s += $1 } END { print s }'; }
sha_of() { sha256sum <"$HUB/models/org/$1/model.safetensors" | cut -c1-64; }

# --- objects ------------------------------------------------------------------------------------------------------------

EVERY_NODE='nodes: {}'
cache() {  # NAME [SPEC-LINES]: a ClusterModelCache of org/NAME; what the spec has beside the source, default: EVERY_NODE
  k apply -f - <<Y
apiVersion: ballast.dev/v1alpha1
kind: ClusterModelCache
metadata: {name: $1}
spec:
  source: {uri: "hf://org/$1"}
  ${2:-$EVERY_NODE}
Y
}

claim() {  # NAME CACHE [STORAGECLASS] [NAMESPACE]
  k apply -n "${4:-default}" -f - <<Y
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: $1}
spec:
  storageClassName: ${3:-ballast}
  accessModes: [ReadOnlyMany]
  resources: {requests: {storage: 1Mi}}
  dataSourceRef: {apiGroup: ballast.dev, kind: ClusterModelCache, name: $2}
Y
}

# pod NAME VOLUME [EXTRA]: VOLUME is pvc:CLAIM, or the attributes of an inline volume, cache=..,layout=..; EXTRA goes into the pod's spec.
# In the environment: IMAGE, COMMAND (of sh -c), NODE, NAMESPACE, READ_ONLY (true).
pod() {
  local volume
  case $2 in
    pvc:*) volume="persistentVolumeClaim: {claimName: ${2#pvc:}, readOnly: ${READ_ONLY:-true}}" ;;
    *) volume="csi: {driver: csi.ballast.dev, readOnly: ${READ_ONLY:-true}, volumeAttributes: {$(sed 's/=/: "/g; s/,/", /g' <<<"$2")\"}}" ;;
  esac
  k apply -n "${NAMESPACE:-default}" -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  restartPolicy: Never
  ${NODE:+nodeName: $NODE}
  ${3:-}
  containers:
  - name: main
    image: ${IMAGE:-localhost/busybox:e2e}
    imagePullPolicy: Never
    command: ${COMMAND_JSON:-[sh, -c, $(jq -Rs . <<<"${COMMAND:-sleep 100000}")]}
    env: [{name: HF_HUB_CACHE, value: /model}, {name: HF_HUB_OFFLINE, value: "1"}, {name: HF_HUB_DISABLE_TELEMETRY, value: "1"}]
    volumeMounts: [{name: model, mountPath: /model}]
  volumes:
  - name: model
    $volume
Y
}

in_pod() { k exec -i "$1" -- "${@:2}"; }
ready() { k wait --for=condition=Ready "pod/$1" --timeout="${2:-60s}" || { k describe "pod/$1" | tail -15; return 1; }; }
reads_model() { equal "sha256 of $2 in pod $1" "$(sha_of "$2")" "$(in_pod "$1" sha256sum /model/model.safetensors | cut -c1-64)"; }

condition() { k get "$1" -o "jsonpath={.status.conditions[?(@.type=='$2')].${3:-status}}"; }    # OBJECT TYPE [FIELD]
is_warm() { k wait --for=condition=Ready "cmcache/$1" --timeout="${2:-60s}" || { k get cmcache "$1" -o yaml | sed -n '/^status/,$p'; return 1; }; }
has_copy() { [ -n "$(find "$(cache_of "$1")/blobs" -name "$(sha_of "$2")")" ]; }      # NODE MODEL
copies() { local n c=0; for n in "${NODES[@]}"; do ! has_copy "$n" "$1" || c=$((c + 1)); done; echo $c; }
event_says() { k get events -A --field-selector "involvedObject.name=$1" -o 'jsonpath={range .items[*]}{.reason}: {.message}{"\n"}{end}' | grep -E -- "$2"; }
has_event() { wait_for "${3:-30}" "an event of $1 with '$2'" event_says "$1" "$2"; }

# --- what must not be left after a flow ------------------------------------------------------------------------------------

user_objects() { k get pods,pvc -A -o name | grep -v -e ballast-operator -e ballast-agent; k get pv -o name; }
volume_mounts() { local n; for n in "${NODES[@]}"; do on_node "$n" grep -E '/var/lib/kubelet/pods/.*csi' /proc/self/mountinfo | sed "s/^/$n: /"; done; }
leases() { local n; for n in "${NODES[@]}"; do find "$(cache_of "$n")/leases" "$(cache_of "$n")/ingest" -mindepth 1 2>/dev/null; done; }
stuck() { k get ballast,pv,pvc,pods -A -o json | jq -r '.items[] | select(.metadata.deletionTimestamp) | .kind + " " + .metadata.name'; }
everything_left() { user_objects; volume_mounts; leases; stuck; }
nothing_left_over() { [ -z "$(everything_left)" ] || { everything_left; return 1; }; }

agent_of() { k get pods -n $SYSTEM -l app.kubernetes.io/component=agent --field-selector "spec.nodeName=$1" -o 'jsonpath={.items[0].metadata.name}'; }
# Each blob has its digest, each view its blobs, each mount its lease, and the accounts are right.
caches_are_sound() { local n; for n in "${NODES[@]}"; do echo "$n:"; k exec -n $SYSTEM "$(agent_of "$n")" -c csi -- ballast verify --deep || return 1; done; }

# What a CacheNode lists as Ready is on its node's disk, and what is there of what it lists is Ready.
listed_on_disk() { local m; for m in $(jq -r '.spec.caches[]?.manifest[7:]' "$TMP/cachenode" | sort -u); do [ ! -e "$(cache_of "$1")/manifests/$m.json" ] || echo "$m"; done; }
cache_nodes_are_true() {
  local n
  for n in "${NODES[@]}"; do
    k get cachenode "$n" -o json >"$TMP/cachenode" || return 1
    equal "what CacheNode $n lists as Ready" "$(listed_on_disk "$n")" "$(jq -r '.status.caches[]? | select(.phase == "Ready").manifest[7:]' "$TMP/cachenode" | sort -u)" || return 1
  done
}

# flow "NAME" FUNCTION: runs a flow's checks, removes what it made, and looks for what it left.
flow() {
  local failed=$FAILED
  "$2"
  [ "$FAILED" = "$failed" ] || (set +e; keep_cluster_logs; exit 0)    # as much as there is, of agents that later flows take away
  check "$1: each CacheNode tells what its disk has" wait_for 5 "true CacheNodes" cache_nodes_are_true
  check "$1: is taken away" remove_all
  check "$1: leaves nothing" wait_for 30 "an empty cluster" nothing_left_over
  check "$1: leaves every cache sound" caches_are_sound
}
remove_all() {
  k delete deployments,pods,pvc --all -n default --timeout=60s
  k delete cmcache --all --timeout=60s
  k delete mcache --all -A --timeout=60s
}

# --- up and down ----------------------------------------------------------------------------------------------------------

take_cluster_down() {
  keep_cluster_logs
  "$ROOT/e2e/cluster/down" "$CLUSTER"
  cp -r "$CLUSTER/log" "$TMP/log/cluster"
}
keep_cluster_logs() {
  local pod
  mkdir -p "$TMP/log/pods"
  for pod in $(k get pods -n $SYSTEM -o name 2>/dev/null); do
    k logs -n $SYSTEM "$pod" --all-containers --prefix >"$TMP/log/pods/${pod#pod/}" 2>&1
    k logs -n $SYSTEM "$pod" --all-containers --prefix --previous >"$TMP/log/pods/${pod#pod/}.before" 2>&1
  done
  k get events -A -o wide >"$TMP/log/events" 2>&1
  k get ballast -A -o yaml >"$TMP/log/objects" 2>&1
}

install_says_what_next() { readme 1 2>&1 | tee /dev/stderr | grep -q 'kubectl get cmcache'; }
pods_run() { k wait --for=condition=Ready pods --all -n $SYSTEM --timeout=90s; }
drivers() { k get csinodes -o 'jsonpath={range .items[*]}{.metadata.name}:{.spec.drivers[*].name} {end}'; }
registered() { equal "drivers" "n1:csi.ballast.dev n2:csi.ballast.dev n3:csi.ballast.dev " "$(drivers)"; }

# Three nodes with Ballast, and a hub stand-in of what lies in $HUB.
a_cluster_with_ballast() {
  need_packages busybox-static curl jq
  need_build ballastd ballast ballast-csi ballast-operator ballast-hub-stand-in
  chmod 755 "$TMP"
  mkdir -p "$HUB/models"
  must "images" images
  must "helm" "$ROOT/e2e/helm" version   # built here: the cluster's network has no way out
  must "a cluster of three nodes is up" "$ROOT/e2e/cluster/up" --nodes 3 "$CLUSTER" "$TMP"/{ballast,hub-client,busybox}.tar "${MORE_IMAGES[@]}"
  tools
  values
  start_hub
  must "README: helm install; it says what to do next" install_says_what_next
  must "every pod of ours runs" pods_run
  must "each kubelet knows the driver" wait_for 30 "registration" registered
}
