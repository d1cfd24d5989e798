#!/bin/bash
# Server CPU per request of Portcullis beside a minimal C server and nginx: same core, same review, in turns.
#
#   bench.sh EXECUTABLE      prints a table in Markdown; all it makes is in .build/bench
#
# REPEATS (5) and REQUESTS (10000) change how long it takes: about three minutes. Nothing else should run meanwhile.
set -eu -o pipefail

executable=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(cd "$here/../.." && pwd)/.build/bench
review=$here/../Fixtures/reviews/storageaccount-create.json
core=${CORE:-0}
repeats=${REPEATS:-5}
requests=${REQUESTS:-10000}
denied='"allowed":false' allowed='"allowed":true'

rm -rf "$scratch"
mkdir -p "$scratch/certs" "$scratch"/policies/{none,ten,expressions,denial,thousand}
cc -O2 -Wall -o "$scratch/minimal" "$here/minimal.c" -lssl -lcrypto
cc -O2 -Wall -o "$scratch/load" "$here/load.c" -lssl -lcrypto -lnghttp2
"$executable" certs init --directory "$scratch/certs" --san localhost >"$scratch/certs.log"

cp "$here/policies/ten.yaml" "$scratch/policies/ten/"
cp "$here/policies/denial.yaml" "$scratch/policies/denial/"
cp "$here"/policies/{ten,expressions}.yaml "$scratch/policies/expressions/"
# The same ten among 990 for other namespaces, other kinds, or both.
cp "$here/policies/ten.yaml" "$scratch/policies/thousand/"
awk 'BEGIN {
    split("sql.azure.com/* cache.azure.com/Redis dbforpostgresql.azure.com/FlexibleServer network.azure.com/*", kind, " ")
    for (i = 0; i < 990; i++) {
        namespace = i % 3 == 0 ? "team-a" : "team-" i
        resource = i % 3 == 1 ? "storage.azure.com/*" : kind[i % 4 + 1]
        printf "---\napiVersion: portcullis.dev/v1alpha1\nkind: AzurePolicy\nmetadata: {name: other-%d}\nspec:\n", i
        printf "  match: {namespaces: [%s], resources: [\"%s\"]}\n  rules:\n", namespace, resource
        printf "    - name: region\n      locations: {allow: [westeurope, northeurope]}\n"
        printf "    - name: cost-center\n      tags: {required: {cost-center: {pattern: \"^CC-[0-9]{4}$\"}}}\n"
    }
}' >"$scratch/policies/thousand/other.yaml"

# ---- Servers ----

pids=()
finish() {
    [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
}
trap finish EXIT

# Below the range from which the kernel takes ports for connections.
port=$((20000 + RANDOM % 12000))
next_port() { port=$((port + 1)); while (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done; }
answers() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# is_ready ADMIN_PORT: one look at /readyz, without a process.
is_ready() {
    local status
    { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
    read -r _ status _ <&3 || true
    exec 3>&-
    [ "${status:-}" = 200 ]
}
# wait_for COMMAND …: polls every millisecond, for ten seconds.
wait_for() {
    local deadline=$((SECONDS + 10))
    until "$@"; do
        if [ $SECONDS -gt $deadline ]; then
            echo "not ready after 10 s: $*" >&2
            tail -n 5 "$scratch"/*.log >&2
            exit 1
        fi
        sleep 0.001
    done
}
# portcullis POLICIES: starts one; sets port, admin and pid.
portcullis() {
    next_port
    admin=$port
    next_port
    taskset -c "$core" "$executable" serve --policies "$scratch/policies/$1" --listen "127.0.0.1:$port" \
        --admin "127.0.0.1:$admin" --tls-cert "$scratch/certs/tls.crt" --tls-key "$scratch/certs/tls.key" \
        --workers 1 --drain-delay 0s --connection-requests 0 >"$scratch/portcullis-$1.log" 2>&1 &
    pid=$!
}

ready_ms=()
for _ in $(seq "$repeats"); do
    start=$EPOCHREALTIME
    portcullis thousand
    wait_for is_ready "$admin"
    end=$EPOCHREALTIME
    ready_ms+=($(((${end/./} - ${start/./}) / 100)))
    kill $pid
    wait $pid || true
done

declare -A port_of pid_of
for name in none ten expressions denial thousand; do
    portcullis $name
    wait_for is_ready "$admin"
    port_of[$name]=$port pid_of[$name]=$pid
    pids+=($pid)
done
next_port
port_of[c]=$port
taskset -c "$core" "$scratch/minimal" "$port" "$scratch/certs/tls.crt" "$scratch/certs/tls.key" >"$scratch/minimal.log" 2>&1 &
pid_of[c]=$!
pids+=($!)
next_port
port_of[nginx]=$port
sed -e "s#@PORT@#$port#; s#@CERTS@#$scratch/certs#; s#@SCRATCH@#$scratch#g" "$here/nginx.conf" >"$scratch/nginx.conf"
taskset -c "$core" nginx -p "$scratch" -c "$scratch/nginx.conf" 2>"$scratch/nginx.log" &
pid_of[nginx]=$!
pids+=($!)
wait_for answers "${port_of[c]}"
wait_for answers "${port_of[nginx]}"

target() { echo "$1=${port_of[$1]}:${pid_of[$1]}${2:+:$2}"; }
resident() { awk '/^VmRSS/ {printf "%.1f", $2 / 1024}' "/proc/${pid_of[$1]}/status"; }
load() {
    taskset -c "$core" "$scratch/load" --body "$review" --repeats "$repeats" "$@" >>"$scratch/raw.tsv"
    echo "measured: $*" | sed 's/ [a-z]*=[0-9].*//' >&2
}
ours=("$(target none "$allowed")" "$(target ten "$allowed")" "$(target expressions "$allowed")" "$(target denial "$denied")" "$(target thousand "$allowed")")
peers=("$(target c)" "$(target nginx)")

declare -A idle_rss
for name in none ten thousand c nginx; do idle_rss[$name]=$(resident $name); done
for connections in 8 1 64; do
    load --connections $connections --requests "$requests" "${peers[@]}" "${ours[@]}"
done
load --mode split --requests "$requests" "${peers[@]}" "${ours[@]}"
load --mode h2 --requests "$requests" "${peers[1]}" "${ours[@]}"
load --row rate --rate 2000 --requests 3000 --warm-up 500 "${peers[@]}" "${ours[1]}"
load --mode handshake --requests 400 --warm-up 50 "${peers[@]}" "${ours[0]}"
declare -A loaded_rss
for name in none ten thousand c nginx; do loaded_rss[$name]=$(resident $name); done
load --mode idle --connections 1000 "${peers[@]}" "${ours[0]}"

# ---- Table ----

{
    echo "Measured on $(date -u +%F), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r)," \
        "OpenSSL $(openssl version | cut -d ' ' -f 2), $(nginx -v 2>&1 | sed 's/.*: //')," \
        "$("$executable" version | head -n 1)."
    echo "Server and client on one core, the client as a batch process that waits for its turn; review of $(stat -c %s "$review") bytes; TLS 1.3, keep-alive; median [lowest–highest]" \
        "of $repeats repeats of $requests requests in turns; ratios are medians of the repeats' own."
    echo
    awk -F '\t' -f "$here/table.awk" "$scratch/raw.tsv"
    echo
    echo "| | C | nginx | Portcullis, 0 policies | 10 rules | 1,000 policies |"
    echo "| --- | ---: | ---: | ---: | ---: | ---: |"
    echo "| resident, idle, MiB | ${idle_rss[c]} | ${idle_rss[nginx]} | ${idle_rss[none]} | ${idle_rss[ten]} | ${idle_rss[thousand]} |"
    echo "| resident, after the load, MiB | ${loaded_rss[c]} | ${loaded_rss[nginx]} | ${loaded_rss[none]} | ${loaded_rss[ten]} | ${loaded_rss[thousand]} |"
    awk -F '\t' '$2 == "idle" {kib[$4] = $6} END {
        printf "| private memory per idle connection, KiB | %.1f | %.1f | %.1f | | |\n", kib["c"], kib["nginx"], kib["none"]
    }' "$scratch/raw.tsv"
    printf '%s\n' "${ready_ms[@]}" | sort -n | awk '{v[NR] = $1 / 10} END {
        printf "| start to ready, ms | | | | | %.0f [%.0f–%.0f] |\n", v[int((NR + 1) / 2)], v[1], v[NR]
    }'
} | tee "$scratch/table.md"
