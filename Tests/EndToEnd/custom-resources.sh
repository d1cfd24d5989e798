# Policies in an API server: the generated CustomResourceDefinitions take every document of policies/ and give back what it
# said. Sourced by run.sh, of which it uses `check` and `refuses`.

crds_are_taken() {
    "$executable" generate crds >"$scratch/our-crds.yaml"
    kubectl_as admin apply -f "$scratch/our-crds.yaml" &&
        kubectl_as admin wait --for condition=Established --timeout 30s -f "$scratch/our-crds.yaml"
}

# Every file of policies but tests and kustomizations: a field that the schema does not know, or drops, fails it. The copies
# that come back are put into $scratch/kept, as they lie in policies/.
documents_come_back() {
    local file copy
    while IFS= read -r file; do
        copy=$scratch/kept/${file#"$root/policies/"}
        mkdir -p "$(dirname "$copy")"
        kubectl_as admin create --dry-run=client --validate=false -f "$file" -o json >"$scratch/said.json" || return 1
        # Names of the catalogue may be used elsewhere.
        kubectl_as admin apply --validate=strict -f "$file" -o yaml >"$copy" || { echo "$file"; return 1; }
        kubectl_as admin create --dry-run=client --validate=false -f "$copy" -o json >"$scratch/kept.json" || return 1
        python3 "$here/same-spec.py" "$scratch/said.json" "$scratch/kept.json" || { echo "$file"; return 1; }
    done < <(grep -rl --include='*.yaml' '^apiVersion: portcullis.dev' "$root/policies" | grep -v /tests/)
    cp "$root/policies/namespaces.yaml" "$root/policies/kustomization.yaml" "$scratch/kept/"
}
verdicts() { "$executable" check -p "$1" "$here/samples" -o json || [ $? = 1 ]; }
decisions_are_the_same() { diff <(verdicts "$root/policies") <(verdicts "$scratch/kept"); }
# Into files: what is read to its end by nobody makes kubectl fail.
is_listed() {
    kubectl_as admin get azurepolicies,azurebindings >"$scratch/listed" && cat "$scratch/listed" &&
        grep -qE -- "$1" "$scratch/listed"
}
explains() {
    kubectl_as admin explain "$1" >"$scratch/explained" && cat "$scratch/explained" && grep -qF -- "$2" "$scratch/explained"
}
# turns_down TEXT SPEC: the API server refuses an AzurePolicy, and says TEXT.
turns_down() {
    ! printf '{apiVersion: portcullis.dev/v1alpha1, kind: AzurePolicy, metadata: {name: wrong}, spec: {%s}}' "$2" |
        kubectl_as admin apply --validate=strict -f - 2>"$scratch/error" && cat "$scratch/error" &&
        grep -qF -- "$1" "$scratch/error"
}

as_custom_resources() {
    check "generated definitions are taken" crds_are_taken
    check "every policy is kept as it is" documents_come_back
    check "policies that come back decide as before" decisions_are_the_same
    check "bindings are listed with whom they bind" is_listed '^azurebinding.portcullis.dev/team-a +..team-a'
    check "fields are explained" explains azurepolicy.spec.rules.locations.replicas 'Regions in which copies may be'
    check "a slip in a field's name is refused" turns_down 'unknown field "spec.rules[0].locatoins"' \
        'rules: [{name: a, locatoins: {allow: [westeurope]}}]'
    check "a word that is none is refused" turns_down 'spec.action' \
        'action: Denied, rules: [{name: a, locations: {allow: [westeurope]}}]'
    check "two bodies in one rule are refused" turns_down 'must validate one and only one schema' \
        'rules: [{name: a, locations: {allow: [westeurope]}, skus: {allow: [S0]}}]'
    check "two rules of one name are refused" turns_down 'Duplicate value' \
        'rules: [{name: a, locations: {allow: [westeurope]}}, {name: a, skus: {allow: [S0]}}]'
    kubectl_as admin delete -f "$scratch/our-crds.yaml" >/dev/null
}
