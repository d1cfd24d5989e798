# What `generate vap` and `generate map` make of the catalogue, and of policies with what it does not use, enforced by the API
# server itself: their suites are played against it. Sourced by run.sh, before anything else is in the cluster.

generated_decides_alike() {
    mkdir -p "$scratch/played"
    kubectl_as admin apply -f "$root/policies/namespaces.yaml" >/dev/null
    "$executable" test "$here/generated/policies" >"$scratch/suites.log" || { cat "$scratch/suites.log"; return 1; }
    python3 "$here/generated/play.py" "$api" "$scratch/apiserver/apiserver.crt" "${tokens[admin]}" \
        "$executable" "$crds" "$scratch/played" "$root/policies/catalogue" "$here/generated/policies"
}
