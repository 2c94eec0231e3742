# Whoever comes early waits and is told for what: a claim before its cache, a pod before its model.
hub_stalls() { admin -d "{\"kind\": \"stall\", \"path\": \"*/$1/*\", \"port\": \"cdn\", \"offset\": $2, \"times\": -1}" "$HUB_ADMIN/faults" >/dev/null; }
hub_goes_on() { admin -X DELETE "$HUB_ADMIN/faults" >/dev/null && admin -X POST "$HUB_ADMIN/release" >/dev/null; }
is_pending() { equal "phase of pod $1" Pending "$(k get pod "$1" -o 'jsonpath={.status.phase}')"; }
is_bound() { equal "phase of claim $1" Bound "$(k get pvc "$1" -o 'jsonpath={.status.phase}')"; }
names_a_commit() { k get pv -o json | jq -e --arg claim "$1" '.items[] | select(.spec.claimRef.name == $claim) | .spec.csi.volumeAttributes | (.revision | test("^[0-9a-f]{40}$")) and (.manifest | test("^sha256:"))'; }

claim_before_cache() {
  model late 4
  claim late late >/dev/null
  NODE=n1 pod late pvc:late >/dev/null
  check "a claim before its cache is told that it waits" has_event late 'ClusterModelCache late: it does not exist'
  cache late 'priority: 0' >/dev/null
  check "it is bound once the cache is there" wait_for 30 "a volume" is_bound late
  check "to a volume that names commit and manifest" names_a_commit late
  check "and its pod runs" ready late
  check "and reads the model" reads_model late late
}

pod_before_model() {
  model cold 16
  hub_stalls cold 8388608
  cache cold 'priority: 0' >/dev/null
  NODE=n1 pod early-bird clusterCache=cold >/dev/null
  check "a pod before its model is told how far it is" has_event early-bird 'org/cold.*(%|GiB|MiB)' 60
  check "and waits" is_pending early-bird
  check "kubectl ballast why says what for" why_says early-bird 'cold'
  hub_goes_on
  check "once the model is here it runs" ready early-bird 150s
  check "and reads it" reads_model early-bird cold
}
why_says() { why "pod/$1" | tee /dev/stderr | grep -qE -- "$2"; }

wait_container='initContainers: [{name: wait, image: "localhost/ballast:e2e", imagePullPolicy: Never, command: [ballast, wait, /model], volumeMounts: [{name: model, mountPath: /model}]}]'
init_runs() { equal "state" running "$(k get pod "$1" -o json | jq -r '.status.initContainerStatuses[0].state | keys[0]')"; }
waits_aloud() { k logs "$1" -c wait | tee /dev/stderr | grep -qE '[0-9]+ ?%|MiB'; }

publish_early() {
  model eager 16
  hub_stalls eager 8388608
  cache eager 'priority: 0' >/dev/null
  NODE=n2 pod eager clusterCache=eager,publish=Early "$wait_container" >/dev/null
  check "publish: Early mounts before the model is here" wait_for 60 "the init container" init_runs eager
  check "ballast wait says how far it is" wait_for 20 "its log" waits_aloud eager
  hub_goes_on
  check "the pod runs once the model is whole" ready eager 150s
  check "and reads it" reads_model eager eager
}

waiting() {
  claim_before_cache
  pod_before_model
  publish_early
}
