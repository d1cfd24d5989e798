# Kubernetes' own policies on the same objects: enforced first by the API server itself, then by Portcullis from its folder.
# Sourced by run.sh, of which it uses `serve` and `register`.

guards=$here/admission-policies

# ask FILE: what the cluster says of every object.
ask() {
    python3 "$guards/compare.py" create "$api" "$scratch/apiserver/apiserver.crt" "${tokens[dana]}" "$guards/objects.jsonl" >"$1"
}
is_enforced() { ask "$scratch/probe.jsonl" && grep -q 'keep to Europe' "$scratch/probe.jsonl"; }

by_the_api_server() {
    kubectl_as admin apply -f "$guards/policies.yaml" >/dev/null
    wait_for 30 kube-apiserver is_enforced
    # Policies come into force one by one: ask until nothing changes any more.
    ask "$scratch/theirs.jsonl"
    until sleep 1 && ask "$scratch/again.jsonl" && cmp -s "$scratch/theirs.jsonl" "$scratch/again.jsonl"; do
        mv "$scratch/again.jsonl" "$scratch/theirs.jsonl"
    done
    kubectl_as admin delete -f "$guards/policies.yaml" >/dev/null
}

by_portcullis() {
    mkdir -p "$scratch/guards"
    cp "$guards/policies.yaml" "$root/policies/namespaces.yaml" "$scratch/guards/"
    serve guards "$scratch/guards"
    register url "$port"
    wait_for 30 guards is_enforced
    ask "$scratch/ours.jsonl"
    kubectl_as admin delete validatingwebhookconfiguration,mutatingwebhookconfiguration portcullis >/dev/null
}

both_agree() { python3 "$guards/compare.py" compare "$scratch/theirs.jsonl" "$scratch/ours.jsonl"; }
