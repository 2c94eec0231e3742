# docs/recipes.md, applied as it stands there: a program that loads a real model as servers do runs in place of the server's image.
RECIPES=$ROOT/docs/recipes.md
NVIDIA='nvidia.com/gpu.present=true'

# recipe HEADING: the objects below it.
recipe() { awk -v heading="## $1" '/^## / { on = ($0 == heading) } /^```/ { inside = on && !inside; next } inside' "$RECIPES"; }
# Here are no such images, no GPUs, and the hub has another commit; that of the model is what it is here.
as_it_can_run_here() {
  sed '/^ *revision: /d' | k create --dry-run=client -o json -f - | jq '
    def server: .image = "localhost/hub-client:e2e" | .imagePullPolicy = "Never" | del(.resources)
      | .command = ["/usr/bin/python3", "/server/embed.py", "--serve"] | .env += [{name: "PYTHONPATH", value: "/usr/local/packages"}]
      | .volumeMounts += [{name: "server", mountPath: "/server"}];
    def running: .terminationGracePeriodSeconds = 0 | .containers[] |= server | .volumes += [{name: "server", configMap: {name: "server"}}];
    if .kind == "Deployment" then .spec.template.spec |= running elif .kind == "Pod" then .spec |= running else . end'
}
apply_recipe() { recipe "$1" | as_it_can_run_here >"$TMP/recipe" && [ -s "$TMP/recipe" ] && k apply -f "$TMP/recipe"; }

# A real model with what a server's repository has beside it: weights in another format, and a folder for Triton.
a_model_with_more() {
  local at=$HUB/models/meta-llama/Llama-3.1-8B-Instruct
  mkdir -p "$at"
  cp -r "$HUB/models/sentence-transformers/all-MiniLM-L6-v2/." "$at"
  mkdir -p "$at/original" "$at/triton/1"
  head -c 1000000 /dev/urandom >"$at/original/consolidated.00.pth"
  head -c 1000000 /dev/urandom >"$at/triton/1/model.plan"
  echo 'platform: "tensorrt_plan"' >"$at/triton/config.pbtxt"
  admin -d "{\"repository\": \"meta-llama/Llama-3.1-8B-Instruct\", \"folder\": \"$at\"}" "$HUB_ADMIN/publish"
  k label node n1 n2 "$NVIDIA"
  k create configmap server --from-file="$ROOT/e2e/model/embed.py" --from-file="$ROOT/e2e/model/minilm.py"
}
both_servers_run() { k rollout status deployment/vllm --timeout=90s; }
embeds() { k logs "$1" | tee /dev/stderr | grep '^0.7553 0.0157 '; }      # the model's own cosines
embeds_soon() { wait_for 60 "an answer of $1" embeds "$1"; }
excluded() { ! grep -q original "$TMP/files" && grep -q triton "$TMP/files"; }
without_what_is_excluded() { k exec deployment/vllm -- python3 -c 'import os; print(os.listdir("/model"))' >"$TMP/files"; cat "$TMP/files"; excluded; }

# What KServe's webhook makes of `storageUri: pvc://llama/` (its storage_initializer_injector.go): the claim itself at /mnt/models, read-only.
kserve_pod() {
  k apply -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: kserve}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: kserve-container
    image: localhost/hub-client:e2e
    imagePullPolicy: Never
    command: [/usr/bin/python3, /server/embed.py, --serve, --model, /mnt/models]
    env: [{name: PYTHONPATH, value: /usr/local/packages}]
    volumeMounts: [{name: kserve-pvc-source, mountPath: /mnt/models, subPath: "", readOnly: true}, {name: server, mountPath: /server}]
  volumes:
  - {name: kserve-pvc-source, persistentVolumeClaim: {claimName: llama}}
  - {name: server, configMap: {name: server}}
Y
}

triton_pod() {
  recipe "Triton, one folder of a repository" | k create --dry-run=client -o json -f - | jq '.spec.terminationGracePeriodSeconds = 0
    | .spec.containers[] |= (.image = "localhost/busybox:e2e" | .imagePullPolicy = "Never" | .command = ["sleep", "100000"] | del(.args))' | k apply -f -
}
triton_has_its_folder() {
  local at=$HUB/models/meta-llama/Llama-3.1-8B-Instruct/triton
  equal "the folder" "1 config.pbtxt" "$(in_pod triton ls /models/llama | xargs)"
  equal "sha256 of its plan" "$(sha256sum <"$at/1/model.plan" | cut -c1-64)" "$(in_pod triton sha256sum /models/llama/1/model.plan | cut -c1-64)"
}
driver_ends() { k delete pod -n $SYSTEM --wait -l app.kubernetes.io/component=agent --field-selector "spec.nodeName=$(k get pod triton -o 'jsonpath={.spec.nodeName}')" --timeout=60s; pods_run; }

recipes() {
  check "a model as servers know it" a_model_with_more
  check "vLLM, a claim and plain files: it is applied" apply_recipe "vLLM, a claim and plain files"
  check "both replicas run" both_servers_run
  check "the model is whole" embeds_soon deployment/vllm
  check "without what it excludes" without_what_is_excluded
  check "vLLM by the model's own name: it is applied" apply_recipe "vLLM by the model's own name, as a hub cache"
  check "the hub's client finds the model offline" embeds_soon vllm-hf
  check "KServe, as it mounts pvc://llama/" kserve_pod
  check "the model is whole" embeds_soon kserve
  check "Triton, one folder by subPath: it is applied" triton_pod
  check "it runs" ready triton
  check "it sees that folder and nothing else" triton_has_its_folder
  check "the node's agent is replaced" driver_ends
  check "the folder stays" triton_has_its_folder
  k label node n1 n2 "${NVIDIA%=*}-" >/dev/null
  k delete configmap server >/dev/null
}
