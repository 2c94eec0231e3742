# A branch moves at the hub: who reads what, and when.
moves() {  # MODEL: the branch gets other weights
  local at=$TMP/moved-$1
  rm -rf "$at"; cp -r "$HUB/models/org/$1" "$at"
  head -c 4194304 /dev/urandom >"$at/model.safetensors"
  admin -d "{\"repository\": \"org/$1\", \"folder\": \"$at\"}" "$HUB_ADMIN/publish" >/dev/null
}
moved_sha() { sha256sum <"$TMP/moved-$1/model.safetensors" | cut -c1-64; }
deployment() {  # NAME CLAIM REPLICAS
  k apply -f - <<Y
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1}
spec:
  replicas: $3
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: main
        image: localhost/busybox:e2e
        imagePullPolicy: Never
        command: [sleep, "100000"]
        volumeMounts: [{name: model, mountPath: /model}]
      volumes: [{name: model, persistentVolumeClaim: {claimName: $2, readOnly: true}}]
Y
}
rolled_out() { k rollout status "deployment/$1" --timeout=60s; }
weights() { local pod; for pod in $(k get pods -l "app=$1" -o name); do k exec "$pod" -- sha256sum /model/model.safetensors | cut -c1-64; done; }
all_read() { equal "weights" "$(printf "$3\n%.0s" $(seq "$2"))" "$(weights "$1")"; }   # DEPLOYMENT COUNT SHA
drifted() { equal "SourceDrifted" True "$(condition "cmcache/$1" SourceDrifted)"; }
has_moved() { local n; for n in "${NODES[@]}"; do [ -n "$(find "$(cache_of "$n")/blobs" -name "$(moved_sha "$1")")" ] || { echo "not on $n"; return 1; }; done; }

manual() {
  model pinned 4
  cache pinned >/dev/null
  check "a model is warm" is_warm pinned
  claim pinned pinned >/dev/null
  deployment web pinned 2 >/dev/null
  check "two pods read it" rolled_out web
  moves pinned
  check "the branch moves: SourceDrifted" wait_for 30 "the condition" drifted pinned
  k scale deployment/web --replicas=3 >/dev/null
  check "a third pod comes" rolled_out web
  check "all three read what the claim was bound to" all_read web 3 "$(sha_of pinned)"
}

automatic() {
  model followed 4
  cache followed 'nodes: {}
  updatePolicy: {type: Automatic}' >/dev/null
  check "a followed model is warm" is_warm followed
  NODE=n1 pod old clusterCache=followed >/dev/null
  check "a pod reads it" ready old
  moves followed
  check "the branch moves: the new one comes beside the old" wait_for 60 "it on all nodes" has_moved followed
  check "the old pod keeps its bytes" reads_model old followed
  check "current moves" wait_for 30 "the new commit" current_moved followed cmcache
  check "the old pod keeps its bytes all the same" reads_model old followed
  NODE=n2 pod new clusterCache=followed >/dev/null
  check "a new pod runs" ready new
  check "and reads the new bytes" equal "weights" "$(moved_sha followed)" "$(in_pod new sha256sum /model/model.safetensors | cut -c1-64)"
}
current_moved() {  # NAME [KIND ARGUMENTS]
  k get "${@:2}" "$1" -o json | jq -e '.status.revision | (.previous | length) == 1 and .current != .previous[0].commit'
}

revisions() { manual; automatic; }
