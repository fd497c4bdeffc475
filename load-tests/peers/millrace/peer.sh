#!/usr/bin/env bash
# Millrace takes part as a user would run it: the model is imported by `millrace models import`, topics and task stand in
# a configuration file, `millrace up` runs it with dead letters, metrics and traces as they are by default. What a peer
# is told and has to say is in ../README.md. LATENCY is throughput, balanced or low; without it what MAX_WAIT_MS allows.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../../.." && pwd)
run=${RUN_DIR:-$(mktemp -d)}
millrace() { node --max-semi-space-size=64 --import tsx streams/cli.ts "$@"; }
cd "$repository"

case $MODEL in
light) hashing='{"bigrams": true, "buckets": 262144, "idsMax": 128}' ;;
heavy) hashing='{"offset": 1000, "buckets": 29522, "prefixIds": [101], "suffixIds": [102], "idsMax": 128}' ;;
*) echo "no such model: $MODEL" >&2; exit 2 ;;
esac
latency=${LATENCY:-$([ "${MAX_WAIT_MS:-50}" -le 20 ] && echo balanced || echo throughput)}

export MILLRACE_CONFIG=$run/millrace.yaml
cat > "$MILLRACE_CONFIG" <<YAML
streams: [routes]
dataDirectory: $run/data
kafka: { brokers: [$BOOTSTRAP] }
inference: { modelsDirectory: $run/models, workers: ${ORT_THREADS:-1} }
http: { port: ${HTTP_PORT:-0} }
log: { format: json }
routes:
  - { from: $IN_TOPIC, task: $MODEL, to: $OUT_TOPIC, group: $GROUP, label: index, latency: $latency }
YAML
mkdir -p "$run/models"
millrace models import "$MODEL_PATH" --kind hashed --task "$MODEL" --version 1.0.0 --labels a,b,c --hashing "$hashing" >&2

# Log lines go on to standard error; the first that says records are here is the marker. It is written before anything
# is done with them.
node --max-semi-space-size=64 --import tsx streams/cli.ts up 2> >(
  first=
  while IFS= read -r line; do
    if [[ -z $first && $line == *'first records of a partition'* && $line =~ \"time\":\"([^\"]+)\" ]]; then
      first=1
      echo "FIRST $(date -d "${BASH_REMATCH[1]}" +%s%3N)"
    fi
    printf '%s\n' "$line" >&2
  done
) &
up=$!
trap 'kill -TERM $up 2>/dev/null || true' TERM INT
wait $up || true
# A trapped signal ends the first wait; the streams finish what is in hand and commit.
wait $up
