# What comes before what it needs: a claim before its cache, a pod before its model.
is_pending() { equal "phase of claim $1" Pending "$(k get pvc "$1" -o 'jsonpath={.status.phase}')"; }
has_part() { in_pod "$1" sh -c 'grep -q name /model/config.json && ! test -e /model/model.safetensors'; }
waiter_ended() { k wait --for=jsonpath='{.status.initContainerStatuses[0].state.terminated.reason}'=Completed "pod/$1" --timeout=90s; }
waiter_says() { k logs "$1" -c wait | tee /dev/stderr | grep -E "$2"; }

claim_before_cache() {
  model later 8 >/dev/null
  claim later later >/dev/null
  pod later pvc:later >/dev/null
  check "a claim before its cache waits" wait_for 20 "an event" event_says later 'later'
  check "and is pending" is_pending later
  check "kubectl ballast why names the cache" why_says pvc/later "ClusterModelCache later, which does not exist"
  cache later '{}' >/dev/null
  check "once the cache is there the pod runs" ready later 90s
  check "and reads the model" reads_model later later
}

pod_before_model() {
  model slow 48 >/dev/null
  slow slow 1500000
  cache slow '{}' >/dev/null
  NODE=n1 pod waits clusterCache=slow >/dev/null
  NODE=n2 pod early clusterCache=slow,publish=Early 'initContainers: [{name: wait, image: "localhost/ballast:e2e", imagePullPolicy: Never, command: [ballast, wait, /model], volumeMounts: [{name: model, mountPath: /model}]}]' >/dev/null
  NODE=n3 pod at-once clusterCache=slow,publish=Early >/dev/null
  check "kubectl ballast why says how far the model is" wait_for 30 "progress" why_says pod/waits "the model to arrive"
  check "a pod with publish: Early runs before its model is there" ready at-once 60s
  check "it has the files that are verified" wait_for 30 "a small file" has_part at-once
  check "events of the waiting pod say how far it is" has_event waits 'slow.*([0-9]+ percent|%|of)' 150
  no_faults
  check "when the hub is quick the pod runs" ready waits 120s
  check "and reads the model" reads_model waits slow
  check "ballast wait in an init container waits for the rest" waiter_ended early
  check "the pod behind it reads all of it" ready early 60s
  check "and so does the other" wait_for 60 "the rest" reads_model at-once slow
}
why_says() { why "$1" | tee /dev/stderr | grep -F -- "$2"; }
