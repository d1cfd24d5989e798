# Kubernetes' own policies: enforced first by the API server itself, then by Portcullis, on the same objects. Sourced by run.sh.

guards=$here/admission-policies

# ask FILE: what the cluster says of every object.
ask() {
    python3 "$guards/compare.py" create "$api" "$scratch/apiserver/apiserver.crt" "${tokens[dana]}" "$guards/objects.jsonl" >"$1"
}
is_enforced() { ask "$scratch/probe.jsonl" && grep -q 'keep to Europe' "$scratch/probe.jsonl"; }

by_the_api_server() {
    kubectl_as admin apply -f "$guards/policies.yaml" >/dev/null
    wait_for 30 kube-apiserver is_enforced
    # The policies come into force one by one; by now all have been seen, or the second look is another one.
    ask "$scratch/theirs.jsonl"
    until ask "$scratch/again.jsonl" && cmp -s "$scratch/theirs.jsonl" "$scratch/again.jsonl"; do
        mv "$scratch/again.jsonl" "$scratch/theirs.jsonl"
        sleep 1
    done
    kubectl_as admin delete -f "$guards/policies.yaml" >/dev/null
}

by_portcullis() {
    ask "$scratch/ours.jsonl"
    python3 "$guards/compare.py" compare "$scratch/theirs.jsonl" "$scratch/ours.jsonl"
}
