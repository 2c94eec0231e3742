# metrics.auth: kubernetes. Who reads /metrics is what the cluster's roles say; the kubelet's probes and everybody else see health as before.
pod_address() { k get pods -n $SYSTEM -l "app.kubernetes.io/component=$1" -o json | jq -r '[.items[] | select(.metadata.deletionTimestamp == null) | .status.podIP][0]'; }
metrics_port() { case $1 in agent) echo 9420 ;; operator) echo 8081 ;; esac; }

# scrape COMPONENT [TOKEN]: as Prometheus does it, with the CA and the name of the ServiceMonitor; what comes goes into $TMP/scraped. Prints the code.
scrape() {
  in_control_plane curl -sS --max-time 20 -o "$TMP/scraped" -w '%{http_code}' --cacert "$TMP/ballast-ca.crt" ${2:+-H "Authorization: Bearer $2"} \
    --connect-to "ballast.internal:443:$(pod_address "$1"):$(metrics_port "$1")" https://ballast.internal/metrics
}
asked_plainly() {  # COMPONENT PATH [TOKEN]
  in_control_plane curl -sS --max-time 20 -o "$TMP/scraped" -w '%{http_code}' ${3:+-H "Authorization: Bearer $3"} "http://$(pod_address "$1"):$(metrics_port "$1")$2"
}
scrape_says() {  # CODE COMPONENT [TOKEN]
  local code; code=$(scrape "${@:2}") || return 1
  [ "$code" = "$1" ] || { echo "$code, expected $1:"; cat "$TMP/scraped"; return 1; }
}
plainly_says() {  # CODE COMPONENT PATH [TOKEN]
  local code; code=$(asked_plainly "${@:2}") || return 1
  [ "$code" = "$1" ] || { echo "$code, expected $1:"; cat "$TMP/scraped"; return 1; }
}
scraped_metrics() { scrape_says 200 "$@" && grep -m 3 "^ballast_" "$TMP/scraped"; }

guard_metrics() {
  helm upgrade ballast "$ROOT/charts/ballast" -n $SYSTEM --set metrics.auth=kubernetes --wait --timeout 3m
  k rollout status deployment/ballast-operator -n $SYSTEM --timeout=90s
  agents_run
}
scrapers() {
  k create namespace monitoring; k create serviceaccount -n monitoring prometheus; k create serviceaccount -n monitoring stranger
  k create clusterrolebinding monitoring-ballast --clusterrole ballast-metrics-reader --serviceaccount monitoring:prometheus
  PROMETHEUS=$(k create token -n monitoring prometheus) STRANGER=$(k create token -n monitoring stranger)
  FOREIGN=$(k create token -n monitoring prometheus --audience somebody-else)
}
one_review() {      # for ten scrapes with a token that is new
  local i fresh; fresh=$(k create token -n monitoring prometheus)
  audit_mark
  for i in $(seq 10); do scrape_says 200 agent "$fresh"; done
  audit_writes | sort | uniq -c
  equal "reviews" "1 1" "$(audit_writes | awk '/^ballast-agent create tokenreviews / { t++ } /^ballast-agent create subjectaccessreviews / { s++ } END { print t + 0, s + 0 }')"
}
no_token_in_logs() {
  local p said=$TMP/said
  for p in $(k get pods -n $SYSTEM -o name); do k logs -n $SYSTEM "$p" --all-containers; done >"$said"
  grep -q '"Ready"' "$said"      # the agents' logs are in it
  ! grep -F -e "$PROMETHEUS" -e "$STRANGER" -e "$FOREIGN" "$said"
}

guarded_metrics() {
  local c
  check "helm upgrade guards the metrics" guard_metrics
  k get configmap ballast-ca -n $SYSTEM -o 'jsonpath={.data.ca\.crt}' >"$TMP/ballast-ca.crt"
  scrapers >/dev/null
  for c in agent operator; do
    check "$c: no token, 401" scrape_says 401 $c
    check "$c: nonsense, 401" scrape_says 401 $c nonsense
    check "$c: a token for another audience, 401" scrape_says 401 $c "$FOREIGN"
    check "$c: a service account without the role, 403" scrape_says 403 $c "$STRANGER"
    check "$c: one with the role reads metrics, from who shows the CA's certificate" scraped_metrics $c "$PROMETHEUS"
    check "$c: nobody over plain HTTP" plainly_says 403 $c /metrics "$PROMETHEUS"
    check "$c: /healthz is open" plainly_says 200 $c /healthz
    check "$c: /readyz is open" plainly_says 200 $c /readyz
  done
  check "ten scrapes with one token cost one review" one_review
  check "no token is in a log" no_token_in_logs
  k delete namespace monitoring --timeout=60s >/dev/null; k delete clusterrolebinding monitoring-ballast >/dev/null
  check "helm rollback opens them" helm rollback ballast -n $SYSTEM --wait --timeout 3m
  check "all agents run" agents_run
  check "metrics are open again" wait_for 30 "metrics" plainly_says 200 agent /metrics
}
