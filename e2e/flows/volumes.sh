# Volumes of a warm model: by claim, inline, as a hub cache; the second pod costs nothing.
disk_of() { find "$(cache_of "$1")/blobs" "$(cache_of "$1")/ingest" -type f -printf '%s\n' | awk '{ s += $1 } END { print s + 0 }'; }
adds_nothing() {  # a second pod on a node
  local disk hub
  disk=$(disk_of n1) hub=$(hub_bytes small)
  NODE=n1 pod second pvc:small >/dev/null
  ready second 30s
  equal "bytes on the node" "$disk" "$(disk_of n1)"
  equal "bytes out of the hub" "$hub" "$(hub_bytes small)" || { admin "$HUB_ADMIN/requests" | jq -c '.[-8:][] | [.path, .user_agent, .bytes_sent]'; return 1; }
}
cannot_write() { fails_with "touch: /model/new: " in_pod "$1" touch /model/new; }      # EROFS or EOVERFLOW, by how it is kept read-only
offline_client='import os, sys
sys.path.append("/usr/local/packages")
import huggingface_hub as hf
print(sorted(os.listdir(hf.snapshot_download("org/small"))))'
client_reads() {
  k wait --for=jsonpath='{.status.phase}'=Succeeded pod/client --timeout=60s || { k describe pod/client | tail -10; k logs client; return 1; }
  k logs client | tee /dev/stderr | grep "'config.json', 'model.safetensors', 'sub'"
}

volumes() {
  [ -d "$HUB/models/org/small" ] || model small 24
  cache small >/dev/null
  check "the model is warm" is_warm small 90s
  claim small small >/dev/null
  NODE=n1 pod by-claim pvc:small >/dev/null
  NODE=n2 pod inline clusterCache=small >/dev/null
  NODE=n3 READ_ONLY=false pod writable clusterCache=small >/dev/null
  NODE=n2 IMAGE=localhost/hub-client:e2e COMMAND_JSON="$(jq -nc --arg code "$offline_client" '["python3", "-c", $code]')" pod client clusterCache=small,layout=hf >/dev/null
  check "a pod with a claim runs" ready by-claim
  check "and reads the model" reads_model by-claim small
  check "a pod with an inline volume runs" ready inline
  check "and reads the model" reads_model inline small
  check "the real huggingface_hub in a pod reads layout hf offline" client_reads
  check "a pod with readOnly: false runs" ready writable
  check "it can write nothing" cannot_write writable
  check "an event says why" has_event writable MountedReadOnly
  check "a second pod on the node adds no bytes" adds_nothing
  first_consumer
  check "there is still one event that says why" equal "events" 1 "$(times_said writable MountedReadOnly)"
}
times_said() { k get events -A --field-selector "involvedObject.name=$1,reason=$2" -o json | jq '[.items[] | .series.count // .count // 1] | add // 0'; }     # OBJECT REASON

# A StorageClass whose claims wait until a pod is scheduled.
unhurried_class() {
  k apply -f - <<Y
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: unhurried}
provisioner: csi.ballast.dev
parameters: {layout: plain, publish: WhenReady}
volumeBindingMode: WaitForFirstConsumer
Y
}
is_unbound() { equal "phase of claim $1" Pending "$(k get pvc "$1" -o 'jsonpath={.status.phase}')"; }
first_consumer() {
  unhurried_class >/dev/null
  claim unhurried small unhurried >/dev/null
  check "WaitForFirstConsumer: a claim waits for its pod" has_event unhurried WaitForFirstConsumer
  check "without a volume" is_unbound unhurried
  pod first-consumer pvc:unhurried >/dev/null
  check "the pod comes and is scheduled: it runs" ready first-consumer
  check "and reads the model" reads_model first-consumer small
  k delete storageclass unhurried >/dev/null
}
