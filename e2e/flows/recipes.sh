# docs/recipes.md, applied as it stands there: a program that loads a real model as servers do runs in place of the server's image.
RECIPES=$ROOT/docs/recipes.md
NVIDIA='nvidia.com/gpu.present=true'

# recipe HEADING: the objects below it.
recipe() { awk -v heading="## $1" '/^## / { on = ($0 == heading) } /^```/ { inside = on && !inside; next } inside' "$RECIPES"; }
# Here are no such images, and no GPUs.
as_it_can_run_here() {
  k create --dry-run=client -o json -f - | jq '
    def server: .image = "localhost/hub-client:e2e" | .imagePullPolicy = "Never" | del(.resources)
      | .command = ["/usr/bin/python3", "/server/embed.py", "--serve"] | .env += [{name: "PYTHONPATH", value: "/usr/local/packages"}]
      | .volumeMounts += [{name: "server", mountPath: "/server"}];
    def running: .terminationGracePeriodSeconds = 0 | .containers[] |= server | .volumes += [{name: "server", configMap: {name: "server"}}];
    if .kind == "Deployment" then .spec.template.spec |= running elif .kind == "Pod" then .spec |= running else . end'
}
apply_recipe() { recipe "$1" | as_it_can_run_here >"$TMP/recipe" && [ -s "$TMP/recipe" ] && k apply -f "$TMP/recipe"; }

published() { admin -d "{\"repository\": \"$1\", \"folder\": \"$HUB/models/$1\"}" "$HUB_ADMIN/publish"; }
# A real model with what a repository may have beside it, weights in another format; and one for Triton.
a_model_with_more() {
  local at=$HUB/models/Qwen/Qwen2.5-7B-Instruct
  mkdir -p "$at"
  cp -r "$HUB/models/sentence-transformers/all-MiniLM-L6-v2/." "$at"
  mkdir -p "$at/original"
  head -c 1000000 /dev/urandom >"$at/original/consolidated.00.pth"
  published Qwen/Qwen2.5-7B-Instruct
  k label node n1 n2 "$NVIDIA"
  k create configmap server --from-file="$ROOT/e2e/model/embed.py" --from-file="$ROOT/e2e/model/minilm.py"
}
a_triton_repository() {
  local model at=$HUB/models/our-org/triton-models
  for model in embedder other; do
    mkdir -p "$at/$model/1"
    head -c 1000000 /dev/urandom >"$at/$model/1/model.plan"
    echo 'platform: "tensorrt_plan"' >"$at/$model/config.pbtxt"
  done
  published our-org/triton-models
}
both_servers_run() { k rollout status deployment/vllm --timeout=90s; }
embeds() { k logs "$1" | tee /dev/stderr | grep '^0.7553 0.0157 '; }      # the model's own cosines
embeds_soon() { wait_for 60 "an answer of $1" embeds "$1"; }
excluded() { ! grep -q original "$TMP/files" && grep -q config.json "$TMP/files"; }
without_what_is_excluded() { k exec deployment/vllm -- python3 -c 'import os; print(os.listdir("/model"))' >"$TMP/files"; cat "$TMP/files"; excluded; }

# What KServe's webhook makes of `storageUri: pvc://qwen/` (its storage_initializer_injector.go): the claim itself at /mnt/models, read-only.
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
  - {name: kserve-pvc-source, persistentVolumeClaim: {claimName: qwen}}
  - {name: server, configMap: {name: server}}
Y
}

triton_pod() {
  recipe "Triton, one folder of a repository" | k create --dry-run=client -o json -f - | jq 'if .kind != "Pod" then . else .spec.terminationGracePeriodSeconds = 0
    | .spec.containers[] |= (.image = "localhost/busybox:e2e" | .imagePullPolicy = "Never" | .command = ["sleep", "100000"] | del(.args, .resources)) end' | k apply -f -
}
triton_has_its_folder() {
  local at=$HUB/models/our-org/triton-models/embedder
  equal "the folder" "1 config.pbtxt" "$(in_pod triton ls /models/embedder | xargs)"
  equal "sha256 of its plan" "$(sha256sum <"$at/1/model.plan" | cut -c1-64)" "$(in_pod triton sha256sum /models/embedder/1/model.plan | cut -c1-64)"
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
  check "KServe, as it mounts pvc://qwen/" kserve_pod
  check "the model is whole" embeds_soon kserve
  check "a repository of Triton's models" a_triton_repository
  check "Triton, one folder by subPath: it is applied" triton_pod
  check "it runs" ready triton
  check "it sees that folder and nothing else" triton_has_its_folder
  check "the node's agent is replaced" driver_ends
  check "the folder stays" triton_has_its_folder
  k label node n1 n2 "${NVIDIA%=*}-" >/dev/null
  k delete configmap server >/dev/null
}
