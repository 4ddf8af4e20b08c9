#!/bin/sh
# Writes a system of OBJECTS objects (services of five objects each) to FOLDER, and an environment.
# Usage: benches/system.sh FOLDER OBJECTS [ENVIRONMENTS]
set -eu
folder=$1 services=$(($2 / 5)) environments=${3:-1}
mkdir -p "$folder/parts" "$folder/environments"
rm -f "$folder"/parts/*.yaml "$folder"/environments/*.yaml
printf 'apiVersion: windlass/v1\nkind: System\nname: bench\ninclude: [parts/*.yaml]\ncomponents: {}\n' > "$folder/system.yaml"
# A file has at most 50,000 nodes.
awk -v services="$services" -v folder="$folder" 'BEGIN {
    for (n = 0; n < services; n++) {
        if (n % 500 == 0) { file = sprintf("%s/parts/%03d.yaml", folder, n / 500); print "components:" > file }
        printf "  s%d:\n    kind: backend\n    image: registry.example.com/s%d:1.0.0\n    ports: {http: 8000}\n", n, n > file
        if (n > 0) printf "    env: {PEER_URL: {from: s%d.url}, LOG_LEVEL: info}\n", n - 1 > file
        printf "    health: {ready: /ready, live: /live}\n    resources: {requests: {cpu: 100m, memory: 128Mi}}\n    scale: {min: 1, max: 5, cpu: 70}\n" > file
    }
}'
number=1
while [ "$number" -le "$environments" ]; do
    name=bench
    [ "$environments" -eq 1 ] || name=bench-$number
    printf 'apiVersion: windlass/v1\nkind: Environment\ntarget: {kubernetes: "1.35", features: [metrics-server]}\n' \
        > "$folder/environments/$name.yaml"
    number=$((number + 1))
done
