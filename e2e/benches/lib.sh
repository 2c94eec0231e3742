# Sourced by every benchmark in e2e/benches:    source "$(dirname "$0")/lib.sh"
# Everything of e2e/lib.sh (TMP, start, stop, need_build, must, the leak checker), and:
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# runs DEFAULT: how many, unless --runs says so.
runs() { echo "${BALLAST_BENCH_RUNS:-$1}"; }

# seconds COMMAND...: runs it and prints how long it took; its output goes to $TMP/log/timed. Fails with it.
seconds() {
  local begin end
  begin=$(date +%s%N)
  "$@" >"$TMP/log/timed" 2>&1 || { tail -20 "$TMP/log/timed" >&2; return 1; }
  end=$(date +%s%N)
  awk -v ns=$((end - begin)) 'BEGIN { printf "%.4f\n", ns / 1e9 }'
}

# interleave RUNS OURS BASELINE: runs both commands in turn, the first of each pair alternating; their seconds go to
# $TMP/ours and $TMP/baseline. One run of each before does not count. PREPARE is called before each.
interleave() {
  local i pair
  : >"$TMP/ours"; : >"$TMP/baseline"
  "${PREPARE:-true}"; seconds "$2" >/dev/null || return 1
  "${PREPARE:-true}"; seconds "$3" >/dev/null || return 1
  for ((i = 0; i < $1; i++)); do
    if ((i % 2)); then pair="baseline:$3 ours:$2"; else pair="ours:$2 baseline:$3"; fi
    for side in $pair; do
      "${PREPARE:-true}"
      seconds "${side#*:}" >>"$TMP/${side%%:*}" || return 1
    done
  done
}

median() { sort -g "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
least() { sort -g "$1" | head -1; }
most() { sort -g "$1" | tail -1; }

# figure ID "WHAT" UNIT "TARGET" [OURS-FILE [BASELINE-FILE]]: one line of the table and one of the JSON file. Files hold one
# number per run; without a baseline there is no ratio. TARGET is "<= 0.6" of the ratio, else of the value; "" = none.
figure() {
  local id=$1 what=$2 unit=$3 target=$4 ours=${5:-$TMP/ours} base=${6-} line
  line=$(jq -cn --arg id "$id" --arg what "$what" --arg unit "$unit" --arg target "$target" \
    --argjson value "$(median "$ours")" --argjson baseline "$([ -n "$base" ] && median "$base" || echo null)" \
    --argjson min "$(least "$ours")" --argjson max "$(most "$ours")" --argjson runs "$(wc -l <"$ours")" \
    '{id: $id, what: $what, value: $value, unit: $unit, baseline: $baseline,
      ratio: (if $baseline then $value / $baseline * 1000 | round / 1000 else null end),
      target: $target, min: $min, max: $max, runs: $runs}')
  [ -z "${BALLAST_BENCH_JSON:-}" ] || echo "$line" >>"$BALLAST_BENCH_JSON"
  jq -r '"  \(.what): \(.value) \(.unit) (\(.min)-\(.max), \(.runs) runs)" +
    (if .baseline then ", baseline \(.baseline) \(.unit), ratio \(.ratio)" else "" end) +
    (if .target != "" then ", target \(.target)" else "" end)' <<<"$line"
}

# --- a hub made of static files --------------------------------------------------------------------------------------

# hub_tree DIR: makes DIR/www a hub that holds DIR/www/files as bench/model, by what a listing says: files from 1 MiB on
# with their sha256 (LFS), smaller ones with their git oid.
hub_tree() {
  python3 - "$1/www" <<'PY'
import hashlib, json, os, sys
www, files = sys.argv[1], os.path.join(sys.argv[1], "files")
def digest(path, size):
    h = hashlib.sha256() if size >= 1 << 20 else hashlib.sha1(b"blob %d\0" % size)
    with open(path, "rb") as f:
        while block := f.read(1 << 20):
            h.update(block)
    return h.hexdigest()
tree = []
for folder, _, names in os.walk(files):
    for name in names:
        path = os.path.join(folder, name)
        size = os.path.getsize(path)
        entry = {"type": "file", "path": os.path.relpath(path, files), "size": size}
        if size >= 1 << 20:
            entry |= {"oid": "0" * 40, "lfs": {"oid": digest(path, size), "size": size, "pointerSize": 135}}
        else:
            entry["oid"] = digest(path, size)
        tree.append(entry)
tree.sort(key=lambda e: e["path"])
commit = hashlib.sha1(json.dumps(tree).encode()).hexdigest()
def write(path, value):
    os.makedirs(os.path.dirname(os.path.join(www, path)), exist_ok=True)
    with open(os.path.join(www, path), "w") as f:
        json.dump(value, f)
write("api/models/bench/model/revision/main", {"id": "bench/model", "sha": commit})
write("api/models/bench/model/tree/" + commit, tree)
os.makedirs(os.path.join(www, "bench/model/resolve"), exist_ok=True)
os.symlink(files, os.path.join(www, "bench/model/resolve", commit))
print(commit)
PY
}

# nginx_config DIR ADDRESS LOG: what nginx needs to serve DIR/www there; LOG: off, or "FILE short" for `BYTES PATH` of each answer.
nginx_config() {
  chmod 755 "$1" "$TMP"   # workers run as another user
  cat >"$1/nginx.conf" <<CONF
daemon off; pid $1/nginx.pid; error_log $TMP/log/nginx.error; worker_processes 2; worker_rlimit_nofile 8192;
events { worker_connections 1024; }
http {
  log_format short '\$body_bytes_sent \$uri'; access_log $3;
  sendfile on; tcp_nopush on; keepalive_requests 100000; default_type application/octet-stream;
  client_body_temp_path $1/body; proxy_temp_path $1/proxy; fastcgi_temp_path $1/fastcgi; uwsgi_temp_path $1/uwsgi; scgi_temp_path $1/scgi;
  server { listen $2; root $1/www; }
}
CONF
}

# start_nginx DIR: serves DIR/www on a free port of loopback; sets HUB to its address.
start_nginx() {
  local port
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  nginx_config "$1" "127.0.0.1:$port" off
  start nginx nginx -c "$1/nginx.conf" -p "$1"
  HUB=http://127.0.0.1:$port
  wait_for 10 "nginx" curl -fsS -o /dev/null "$HUB/api/models/bench/model/revision/main"
}
