#!/bin/bash
# Portcullis behind a real kube-apiserver: both webhooks by URL (HTTP/2), by Service (HTTP/1.1) and generated, resources from a
# user and from a service account; and before that our own policies as custom resources, and Kubernetes' own policies, which
# both of them enforce on the same objects.
#
#   KUBEBUILDER_ASSETS=DIR run.sh EXECUTABLE [--crds DIR]
#
# DIR holds kube-apiserver, etcd and kubectl, as envtest lays them out. CRDs of Azure Service Operator come from the corpus,
# or from --crds: a folder with storageaccounts.storage.azure.com.json and resourcegroups.resources.azure.com.json.
set -eu -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
executable=$(realpath "$1")
crds=${PORTCULLIS_CORPUS:-}/crds/aso-crds.tar.gz
[ "${2:-}" != --crds ] || crds=$3

skip() {
    printf '\n=== end-to-end tests SKIPPED: %s\n\n' "$1"
    exit 0
}
[ -n "${KUBEBUILDER_ASSETS:-}" ] || skip "KUBEBUILDER_ASSETS names no folder with kube-apiserver, etcd and kubectl"
for binary in kube-apiserver etcd kubectl; do
    [ -x "$KUBEBUILDER_ASSETS/$binary" ] || skip "there is no $KUBEBUILDER_ASSETS/$binary"
done
[ -e "$crds" ] || skip "no CRDs: neither PORTCULLIS_CORPUS nor --crds has them"

scratch=$(mktemp -d)
. "$here/cluster.sh"
. "$here/admission-policies.sh"
. "$here/generated.sh"
. "$here/custom-resources.sh"
trap 'stop_cluster; rm -rf "$scratch"' EXIT

passed=0
failed=0
# check NAME COMMAND …
check() {
    local name=$1
    shift
    if "$@" >"$scratch/output" 2>&1; then
        passed=$((passed + 1))
        echo "  ok      $name"
    else
        failed=$((failed + 1))
        echo "  FAILED  $name"
        sed 's/^/          /' "$scratch/output"
    fi
}

# ---- Set up ----

echo "starting etcd and kube-apiserver"
start_cluster

echo "policies generated from the catalogue, by the API server alone"
check "it decides the catalogue's suites as we do" generated_decides_alike
[ $failed != 0 ] || sed 's/^/          /' "$scratch/output"

"$executable" certs init --directory "$scratch/pki" --san localhost --san 127.0.0.1 \
    --san portcullis.portcullis-system.svc >/dev/null
# serve NAME FOLDER: starts one with the policies of a folder; sets port and admin.
serve() {
    find_port
    port=$free_port
    find_port
    admin=127.0.0.1:$free_port
    "$executable" serve --policies "$2" --listen ":$port" --admin "$admin" --drain-delay 0s \
        --tls-cert "$scratch/pki/tls.crt" --tls-key "$scratch/pki/tls.key" --decision-log "$scratch/$1.jsonl" \
        >"$scratch/$1.log" 2>&1 &
    pids+=($!)
    wait_for 10 "$1" curl -fsS "http://$admin/readyz"
}

python3 "$here/crds.py" "$crds" storageaccounts.storage.azure.com=v1api20230101 \
    resourcegroups.resources.azure.com=v1api20200601 >"$scratch/crds.json"
kubectl_as admin create -f "$scratch/crds.json" >/dev/null
kubectl_as admin wait --for condition=Established crd --all --timeout 30s >/dev/null
kubectl_as admin apply -f "$root/policies/namespaces.yaml" -f "$root/deploy/namespace.yaml" >/dev/null
kubectl_as admin -n team-a create serviceaccount deployer >/dev/null
tokens[deployer]=$(kubectl_as admin -n team-a create token deployer)
# What a Service is in production: here its name leads back to this machine.
kubectl_as admin -n portcullis-system create service externalname portcullis --external-name localhost >/dev/null

# register url|service|generated PORT: both webhooks as deploy/ has them, but for the address; or as they are made of policies/,
# which ask about no more than these match.
register() {
    local port=$2
    if [ "$1" = generated ]; then
        "$executable" generate webhooks "$root/policies" --url "https://127.0.0.1:$port" --ca "$scratch/pki/ca.crt"
    else
        deployed "$1" "$port"
    fi >"$scratch/webhooks-$1.yaml"
    kubectl_as admin replace --force -f "$scratch/webhooks-$1.yaml" >/dev/null 2>&1 ||
        kubectl_as admin create -f "$scratch/webhooks-$1.yaml" >/dev/null
}
deployed() {
    local port=$2
    sed -e "s/CA_BUNDLE/$(base64 -w0 "$scratch/pki/ca.crt")/" -e "s/port: 443/port: $port/" "$root/deploy/webhooks.yaml" |
        if [ "$1" = url ]; then
            awk -v base="https://127.0.0.1:$port" '
                /^      service:/ { inside = 1; next }
                inside && /^        path:/ { print "      url: " base $2; next }
                inside && /^        / { next }
                { inside = 0; print }'
        else
            cat
        fi
}
denies() { ! kubectl_as "$@" 2>"$scratch/error" && grep -q 'denied the request' "$scratch/error"; }

# ---- Checks ----

# prints TEXT USER ARGUMENT …: kubectl succeeds and says TEXT.
prints() {
    local text=$1
    shift
    kubectl_as "$@" 2>&1 | tee /dev/stderr | grep -qF -- "$text"
}
# refuses TEXT USER ARGUMENT …: kubectl fails with a denial that holds TEXT.
refuses() {
    local text=$1
    shift
    denies "$@" && cat "$scratch/error" && grep -qF -- "$text" "$scratch/error"
}
# has JSONPATH VALUE: of the account that was applied.
has() {
    local value
    value=$(kubectl_as admin -n team-a get storageaccount teaminvoices -o "jsonpath=$1")
    echo "$1 is $value"
    [ "$value" = "$2" ]
}
hides() { ! grep -qF -- "$1" "$scratch/error"; }
lacks() { ! kubectl_as admin -n "$1" get "$2" "$3"; }
is_as_printed() {
    denies dana apply -f "$here/samples/denied.yaml"
    sed "s#$here/#Tests/EndToEnd/#" "$scratch/error" | diff "$here/expected-denial.txt" -
}
readme_shows_it() {
    local line
    while IFS= read -r line; do
        grep -qxF -- "$line" "$root/README.md" || { echo "README.md lacks: $line"; return 1; }
    done <"$here/expected-denial.txt"
}
requests_over() {
    curl -fsS "http://$admin/metrics" |
        awk -v protocol="protocol=\"$1\"" '/^portcullis_http_requests_total{listener="webhook"/ && index($0, protocol) {n += $2} END {print n + 0}'
}
grew() { echo "$1 to $2 requests"; [ "$2" -gt "$1" ]; }

round() {
    local user=$1 sample=$here/samples
    local was
    check "a good account is created" prints "storageaccount.storage.azure.com/teaminvoices created" "$user" apply -f "$sample/allowed.yaml"
    check "the patch set the tag of a policy" has '{.spec.tags.managed-by}' portcullis
    check "the patch set a default" has '{.spec.tags.environment}' development
    check "the patch set the credential" has '{.metadata.annotations.serviceoperator\.azure\.com/credential-from}' team-a-credential
    check "what was said is as it was said" has '{.spec.tags.cost-center}' CC-1001
    was=$(kubectl_as admin -n team-a get storageaccount teaminvoices -o 'jsonpath={.metadata.generation}')
    check "applied again, nothing changes" prints "teaminvoices unchanged" "$user" apply -f "$sample/allowed.yaml"
    check "applied by the server, it is accepted" prints "teaminvoices serverside-applied" "$user" apply --server-side -f "$sample/allowed.yaml"
    check "patched once: the generation is what it was" has '{.metadata.generation}' "$was"
    check "a good change is accepted" prints "patched" "$user" -n team-a patch storageaccount teaminvoices --type merge -p '{"spec":{"tags":{"environment":"production"}}}'
    check "a default does not come back over it" has '{.spec.tags.environment}' production
    check "a change that opens it is denied" refuses 'team-storage/closed: spec.publicNetworkAccess is "Enabled"' "$user" -n team-a patch storageaccount teaminvoices --type merge -p '{"spec":{"publicNetworkAccess":"Enabled"}}'
    check "a dry run of a good one says so" prints "teaminvoices" "$user" apply --dry-run=server -f "$sample/allowed.yaml"
    check "a dry run of a bad one is denied" refuses 'everyone/eu-only: spec.location is "eastus"' "$user" apply --dry-run=server -f "$sample/denied.yaml"
    check "a bad one is denied, with every reason" refuses 'everyone/modern-tls: spec.minimumTlsVersion is "TLS1_0"' "$user" apply -f "$sample/denied.yaml"
    check "also if the server applies it" refuses 'team-storage/redundancy: spec.sku.name is "Premium_ZRS"' "$user" apply --server-side -f "$sample/denied.yaml"
    check "a bad one does not exist" lacks team-a storageaccount teamexports
    check "another team's resource group is denied" refuses 'team-b/resourceGroups: spec.owner.armId' "$user" apply -f "$sample/foreign-owner.yaml"
    check "a team's own credential is accepted" prints "secret/team-a-credential created" "$user" apply -f "$sample/credential.yaml"
    check "another team's identity is denied" refuses 'team-a/identities: data.AZURE_CLIENT_ID is "(redacted)"' "$user" apply -f "$sample/foreign-credential.yaml"
    check "the denial does not tell it" hides deadbeef
    check "other Secrets are nobody's business" prints "secret/plain created" "$user" -n team-a create secret generic plain --from-literal=password=x
    check "until a key makes one a credential" refuses 'team-a/subscriptions: data.AZURE_SUBSCRIPTION_ID' "$user" -n team-a patch secret plain --type merge -p '{"stringData":{"AZURE_SUBSCRIPTION_ID":"deadbeef"}}'
    check "no namespace detaches what it has" refuses 'team-a/reconcilePolicies' "$user" annotate namespace team-a serviceoperator.azure.com/reconcile-policy=detach-on-delete
    check "other annotations are free" prints "namespace/team-a annotated" "$user" annotate namespace team-a --overwrite "example.com/by=$user-$form"
    kubectl_as admin -n team-a delete secret plain team-a-credential >/dev/null
    check "a generated name is accepted" prints "created" "$user" create -f "$sample/resource-group.yaml"
    check "a deletion is accepted" prints "deleted" "$user" -n team-a delete storageaccount teaminvoices
    kubectl_as admin -n team-a delete resourcegroup --all >/dev/null
}

echo "policies as custom resources"
as_custom_resources

echo "Kubernetes' own policies, by the API server and by Portcullis"
by_the_api_server
by_portcullis
check "both say the same of every object" both_agree

serve portcullis "$root/policies"
for form in url service generated; do
    [ $form = service ] && protocol=h1 || protocol=h2
    before=$(requests_over $protocol)
    register $form "$port"
    # The API server takes a moment to see them; until then nobody is denied.
    wait_for 20 portcullis denies dana apply --dry-run=server -f "$here/samples/denied.yaml"
    for user in dana deployer; do
        echo "webhooks by $form, resources from $user"
        round $user
    done
    check "all of it over $protocol" grew "$before" "$(requests_over $protocol)"
done
echo "what people read"
check "a denial is printed as expected" is_as_printed
check "README.md shows it" readme_shows_it

echo
echo "$passed passed, $failed failed"
[ $failed = 0 ]
