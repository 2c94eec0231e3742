# A branch moves at the hub.
digest_in() { in_pod "$1" sha256sum /model/model.safetensors | cut -c1-64; }
pods_of() { k get pods -l "app=$1" -o name | cut -d/ -f2; }
all_read() {  # APP SHA COUNT
  local pod n=0
  for pod in $(pods_of "$1"); do equal "sha256 in $pod" "$2" "$(digest_in "$pod")"; n=$((n + 1)); done
  equal "pods of $1" "$3" "$n"
}
deployment() {  # NAME CLAIM
  k apply -f - <<Y
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1}
spec:
  replicas: 2
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - {name: main, image: "localhost/busybox:e2e", imagePullPolicy: Never, command: [sleep, "100000"], volumeMounts: [{name: model, mountPath: /model}]}
      volumes: [{name: model, persistentVolumeClaim: {claimName: $2, readOnly: true}}]
Y
}
rolled_out() { k rollout status "deployment/$1" --timeout=90s; }
is_current() { equal "current commit" "$2" "$(k get cmcache "$1" -o 'jsonpath={.status.revision.current}')"; }
drifted() { equal "SourceDrifted" True "$(condition cmcache/moves SourceDrifted)"; }

branch_moves() {
  local old new commit
  model moves 8 >/dev/null
  cache moves '{"nodes": {}, "source": {"revision": "main"}}' >/dev/null
  check "a model of a branch is warm" is_warm moves 90s
  claim moves moves >/dev/null
  deployment moves moves >/dev/null
  check "two pods read it" rolled_out moves
  old=$(sha_of moves)
  commit=$(model moves 8)
  new=$(sha_of moves)
  check "the branch moves at the hub: SourceDrifted" wait_for 60 "SourceDrifted" drifted
  k scale deployment/moves --replicas=3 >/dev/null
  check "a third pod runs" rolled_out moves
  check "all three read the manifest of their claim" all_read moves "$old" 3
  k patch cmcache moves --type=merge -p '{"spec": {"updatePolicy": {"type": "Automatic"}}}' >/dev/null
  check "Automatic: the new commit becomes the current one" wait_for 90 "the new commit" is_current moves "$commit"
  check "old pods keep their bytes" all_read moves "$old" 3
  NODE=n1 pod newer clusterCache=moves >/dev/null
  check "an inline volume has the new ones" ready newer 90s
  check "by their digest" equal "sha256 in pod newer" "$new" "$(digest_in newer)"
}
