# What `generate vap` and `generate map` make of the catalogue, enforced by the API server itself: the suites of the policies are
# played against it. Sourced by run.sh, before anything else is in the cluster.

generated_decides_alike() {
    mkdir -p "$scratch/played"
    kubectl_as admin apply -f "$root/policies/namespaces.yaml" >/dev/null
    python3 "$here/generated/play.py" "$api" "$scratch/apiserver/apiserver.crt" "${tokens[admin]}" \
        "$executable" "$root/policies/catalogue" "$crds" "$scratch/played"
}
