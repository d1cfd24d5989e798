# A kube-apiserver with its etcd on loopback, from the folder that KUBEBUILDER_ASSETS names. Sourced by run.sh, which sets
# `scratch` and calls stop_cluster at the end. Sets `api`, and defines `kubectl_as USER …`.

pids=()

# Below the range from which the kernel takes ports for connections.
last_port=$((20000 + RANDOM % 12000))
# Sets `free_port` to a port that nobody listens on, and that it has not named before.
find_port() {
    last_port=$((last_port + 1))
    while (: <"/dev/tcp/127.0.0.1/$last_port") 2>/dev/null; do last_port=$((last_port + 1)); done
    free_port=$last_port
}

# wait_for SECONDS WHAT COMMAND …: polls until the command succeeds.
wait_for() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ $SECONDS -ge $deadline ]; then
            echo "$what did not come up; the last lines of its log:" >&2
            tail -n 20 "$scratch/$what.log" >&2
            exit 1
        fi
        sleep 0.1
    done
}

# Users by token. The administrator installs; what is judged comes from the others.
declare -A tokens=([admin]=token-of-admin [dana]=token-of-dana)

kubectl_as() {
    local user=$1
    shift
    "$KUBEBUILDER_ASSETS/kubectl" --server "$api" --certificate-authority "$scratch/apiserver/apiserver.crt" \
        --token "${tokens[$user]}" --cache-dir "$scratch/kubectl-cache" "$@"
}

start_cluster() {
    find_port
    local etcd_port=$free_port
    find_port
    local peer_port=$free_port
    "$KUBEBUILDER_ASSETS/etcd" --data-dir "$scratch/etcd" --unsafe-no-fsync \
        --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
        --listen-peer-urls "http://127.0.0.1:$peer_port" >"$scratch/etcd.log" 2>&1 &
    pids+=($!)

    mkdir -p "$scratch/apiserver"
    openssl genrsa -out "$scratch/service-accounts.key" 2048 2>/dev/null
    printf '%s\n' \
        "${tokens[admin]},admin,1,system:masters" \
        "${tokens[dana]},dana@example.com,2,team-a-developers" >"$scratch/tokens.csv"
    find_port
    local api_port=$free_port
    api=https://127.0.0.1:$api_port
    # Only admission is under test: whoever is known may do everything.
    "$KUBEBUILDER_ASSETS/kube-apiserver" --etcd-servers "http://127.0.0.1:$etcd_port" \
        --bind-address 127.0.0.1 --secure-port "$api_port" --cert-dir "$scratch/apiserver" \
        --service-cluster-ip-range 10.96.0.0/16 --endpoint-reconciler-type none \
        --service-account-issuer https://kubernetes.default.svc --service-account-key-file "$scratch/service-accounts.key" \
        --service-account-signing-key-file "$scratch/service-accounts.key" \
        --token-auth-file "$scratch/tokens.csv" --authorization-mode AlwaysAllow --enable-priority-and-fairness=false \
        >"$scratch/kube-apiserver.log" 2>&1 &
    pids+=($!)
    wait_for 60 kube-apiserver kubectl_as admin get --raw /readyz
}

# Killed, for there is nothing to save: a kube-apiserver that is asked to end waits for an etcd that has ended already.
stop_cluster() {
    [ ${#pids[@]} = 0 ] || kill -KILL "${pids[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
}
