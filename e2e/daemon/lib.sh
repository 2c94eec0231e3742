# For suites that run ballastd against the hub stand-in:    source "$ROOT/e2e/daemon/lib.sh"   (after e2e/lib.sh)
BIN=${BALLAST_BIN:-$BIN}
need_programs() { [ -n "${BALLAST_BIN:-}" ] || need_build "$@"; }

# hub NAME ROOT FLAG...: a stand-in that serves ROOT; `hub_url NAME endpoint|cdn|admin`, `hub_admin NAME METHOD /path [JSON]`.
hub() {
  local name=$1 root=$2; shift 2
  rm -f "$TMP/$name.json"
  start "$name" "$BIN/ballast-hub-stand-in" --root "$root" --ready-file "$TMP/$name.json" "$@"
  wait_for 60 "the hub stand-in" test -s "$TMP/$name.json"
}
hub_url() { jq -r ".$2" "$TMP/$1.json"; }
hub_admin() { curl -sSf --noproxy '*' -X "$2" "$(hub_url "$1" admin)$3" ${4:+-d "$4"}; }

# cache_manifest FOLDER NAME URI [MORE OF SPEC]: a ClusterModelCache that is kept warm.
cache_manifest() {
  mkdir -p "$1"
  printf 'apiVersion: ballast.dev/v1alpha1\nkind: ClusterModelCache\nmetadata: {name: %s}\nspec: {source: {uri: "%s"}, nodes: {}%s}\n' \
    "$2" "$3" "${4:+, $4}" >"$1/.$2.new"
  mv "$1/.$2.new" "$1/$2.yaml"
}

# daemon_config NAME [YAML]: $TMP/NAME.yaml with folders of its own below $TMP/NAME, and what else is given.
daemon_config() {
  mkdir -p "$TMP/$1/caches"
  printf 'cache: {dir: %s/cache, minAvailable: 0}\nsocket: {path: %s/sock}\nhttp: {address: "127.0.0.1:0"}\nmanifests: %s/caches\n%s\n' \
    "$TMP/$1" "$TMP/$1" "$TMP/$1" "${2:-}" >"$TMP/$1.yaml"
}
plain_origin() { printf 'origins: [{name: hub, match: "hf://", endpoint: "%s", allowPrivateAddresses: true}]' "$(hub_url "$1" endpoint)"; }

# daemon NAME: ballastd with $TMP/NAME.yaml; returns once it is ready. $TMP/log/NAME is its log, over all its lives.
daemon() {
  touch "$TMP/log/$1"
  READY_BEFORE=$(lives "$1")
  start "$1" "$BIN/ballastd" --config "$TMP/$1.yaml"
  wait_for 30 "ballastd to be ready" has_begun "$1" || { tail -5 "$TMP/log/$1"; return 1; }
}
lives() { grep -c '\] "Ready" ' "$TMP/log/$1" || true; }
has_begun() { [ "$(lives "$1")" -gt "$READY_BEFORE" ]; }
http_port() { grep '\] "Ready" ' "$TMP/log/$1" | tail -1 | sed -n 's/.*(port \([0-9]*\)).*/\1/p'; }
http() { curl -sSf --noproxy '*' --max-time 10 "http://127.0.0.1:$(http_port "$1")$2"; }
metric() { http "$1" /metrics | awk -v name="$2" '$1 == name { print $2; found = 1 } END { exit !found }'; }
metric_is() { [ "$(metric "$1" "$2")" = "$3" ]; }
ready_models() { wait_for "$3" "$2 ready models" metric_is "$1" 'ballast_models{phase="ready"}' "$2"; }
logged() { grep -qF -- "$2" "$TMP/log/$1"; }

# each_blob_has_its_digest CACHE
each_blob_has_its_digest() {
  local blob name
  for blob in "$1"/blobs/sha256/*; do
    name=$(basename "$blob")
    equal "digest of a blob" "${name%%.*}" "$(sha256sum <"$blob" | cut -d' ' -f1)"
  done
}

# What a check started in its subshell is not in STARTED: by the pid files all of it ends.
cleanup() { stop_all; }
stop_all() {
  local file
  for file in "$TMP"/pid/*; do [ ! -e "$file" ] || stop "$(basename "$file")"; done
}
