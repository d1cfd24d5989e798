#!/usr/bin/env python3
"""Plays the suites of policies against a cluster that has nothing but what `generate vap` and `generate map` made.

    play.py API CA TOKEN EXECUTABLE CRDS SCRATCH FOLDER …

A FOLDER holds a folder for each policy, with policy.yaml and tests/suite.yaml. Each policy is generated with the parameters of each of its cases, and bound to the objects that carry its label, so that all of
them are in force at once. Objects are created, changed and deleted as dry runs, by the users that the cases name; what must be
there before is written by the administrator, whom a match condition of the test's own exempts. Kinds are taken without schemas:
what schemas refuse, no policy sees.
"""

import copy
import json
import os
import ssl
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request

try:
    import yaml
except ImportError:
    print("generated policies are not played: Python has no module yaml")
    sys.exit(0)

API, CA, TOKEN, EXECUTABLE, CRDS, SCRATCH, *FOLDERS = sys.argv[1:]
CONTEXT = ssl.create_default_context(cafile=CA)
LABEL = "portcullis.dev/played"
ADMISSION = "/apis/admissionregistration.k8s.io/v1/"
PLURALS = {
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
    "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings",
}


def send(method, path, body=None, user=None):
    """The status, the body and the warnings of an answer."""
    request = urllib.request.Request(API + path, None if body is None else json.dumps(body).encode(), method=method)
    request.add_header("Authorization", "Bearer " + TOKEN)
    kind = "merge-patch+json" if method == "PATCH" else "json"
    request.add_header("Content-Type", "application/" + kind)
    if user:
        request.add_header("Impersonate-User", user["name"])
        for group in user.get("groups", []):
            request.add_header("Impersonate-Group", group)
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, context=CONTEXT) as answer:
                return answer.status, json.load(answer), answer.headers.get_all("Warning") or []
        except urllib.error.HTTPError as error:
            code, answer = error.code, json.load(error)
            # What mutates learns the schemas of new kinds some time after they are served, and says so.
            if code == 503 and "There can be a delay" in answer.get("message", "") and time.monotonic() < deadline:
                time.sleep(0.5)
                continue
            return code, answer, error.headers.get_all("Warning") or []


def must(method, path, body=None):
    code, answer, _ = send(method, path, body)
    if code >= 300:
        sys.exit(f"{method} {path}: {code} {answer.get('message')}\n{json.dumps(body)[:2000]}")
    return answer


def merged(base, changes):
    """RFC 7386."""
    if not isinstance(changes, dict):
        return copy.deepcopy(changes)
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


# ---- What is played ----


class Loader(yaml.SafeLoader):
    """YAML 1.2 as Kubernetes has it: times are text."""


Loader.yaml_implicit_resolvers = {
    key: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for key, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(path):
    with open(path, encoding="utf-8") as file:
        return next(document for document in yaml.load_all(file, Loader=Loader) if document)


def generate(target, policy, name):
    """What is made of a policy, and why something is not."""
    path = os.path.join(SCRATCH, name + ".json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(policy, file)
    run = subprocess.run([EXECUTABLE, "generate", target, "--output", "json", path], capture_output=True, text=True)
    if run.returncode not in (0, 1, 4):
        sys.exit(f"generate {target} of {name} ends with {run.returncode}: {run.stderr}")
    made = json.loads(run.stdout)
    return made["manifests"], [refusal["reason"] for refusal in made["refusals"]]


class Case:
    def __init__(self, policy, suite, case, folder):
        def manifest(value):
            return read(os.path.join(folder, value)) if isinstance(value, str) else copy.deepcopy(value)

        self.title = f"{policy}: {case['name']}"
        self.expect = case["expect"]
        base = manifest(case.get("manifest", suite.get("manifest")))
        self.object = merged(base, case.get("changes", {}))
        self.old = None
        if "old" in case:
            self.old = manifest(case["old"])
        elif "oldChanges" in case:
            self.old = merged(base, case["oldChanges"])
        self.is_deletion = case.get("operation") == "DELETE"
        user = case.get("user", suite.get("user", "kubernetes-user"))
        self.user = user if isinstance(user, dict) else {"name": user}
        namespace = case.get("namespace", suite.get("namespace", "default"))
        for thing in filter(None, [self.object, self.old]):
            thing["metadata"].setdefault("namespace", namespace)
        self.unplayable = None
        self.namespaces = suite.get("namespaces", {})
        if self.namespaces and self.object["metadata"]["namespace"] not in self.namespaces:
            self.unplayable = "the API server knows every namespace"
        for field in ("time", "inventory", "documents"):
            if field in case or field in suite:
                self.unplayable = f"the API server knows no {field} of a case"
        if self.object["metadata"].get("deletionTimestamp"):
            self.unplayable = "only the API server says that an object is being deleted"


def load():
    """All cases, each with what is generated for it; policies that are refused, with the reasons."""
    cases, variants, refused = [], [], {}
    for folder in [os.path.join(root, name) for root in FOLDERS for name in sorted(os.listdir(root))]:
        if not os.path.exists(os.path.join(folder, "policy.yaml")):
            continue
        name = os.path.basename(folder)
        policy, suite = read(os.path.join(folder, "policy.yaml")), read(os.path.join(folder, "tests/suite.yaml"))["spec"]
        known = {}
        for case in suite["cases"]:
            parameters = {**suite.get("parameters", {}), **case.get("parameters", {})}
            key = json.dumps(parameters, sort_keys=True)
            if key not in known:
                own = copy.deepcopy(policy)
                if parameters:
                    own["spec"].setdefault("parameters", {}).update(parameters)
                variant = f"{name}-{len(known)}"
                made = [generate(target, own, variant) for target in ("vap", "map")]
                reasons = [reason for _, refusals in made for reason in refusals]
                if reasons:
                    refused[name] = reasons
                known[key] = variant
                variants.append((variant, [manifest for manifests, _ in made for manifest in manifests]))
            if name not in refused:
                played = Case(name, suite, case, os.path.join(folder, "tests"))
                played.variant = known[key]
                cases.append(played)
    cases = [case for case in cases if not any(case.title.startswith(name + ":") for name in refused)]
    used = {case.variant for case in cases}
    return cases, [variant for variant in variants if variant[0] in used], refused


# ---- Kinds ----


class Kinds:
    """The resources of the kinds that are played, as the API server has them."""

    def __init__(self, objects):
        known = self.names()
        self.plurals = {("", "ConfigMap"): "configmaps"}
        versions = {}
        for thing in objects:
            group, version = ([""] + thing["apiVersion"].split("/"))[-2:]
            if group:
                versions.setdefault((group, thing["kind"]), set()).add(version)
        items = []
        for (group, kind), names in sorted(versions.items()):
            plural = known.get((group, kind), kind.lower() + ("" if kind.endswith("s") else "s"))
            self.plurals[group, kind] = plural
            schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
            items.append({
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": f"{plural}.{group}"},
                "spec": {
                    "group": group,
                    "scope": "Namespaced",
                    "names": {"kind": kind, "plural": plural, "listKind": kind + "List", "singular": kind.lower()},
                    "versions": [
                        {"name": name, "served": True, "storage": place == 0, "schema": {"openAPIV3Schema": schema}}
                        for place, name in enumerate(sorted(names))
                    ],
                },
            })
        self.definitions = items

    @staticmethod
    def names():
        """The plurals of Azure Service Operator's kinds."""
        found = {}

        def note(definition):
            spec = definition["spec"]
            found[spec["group"], spec["names"]["kind"]] = spec["names"]["plural"]

        if os.path.isdir(CRDS):
            for name in os.listdir(CRDS):
                with open(os.path.join(CRDS, name), encoding="utf-8") as file:
                    note(json.load(file))
        else:
            with tarfile.open(CRDS) as archive:
                for member in archive:
                    if member.name.endswith(".json"):
                        note(json.load(archive.extractfile(member)))
        return found

    def path(self, thing, name=True):
        group, version = ([""] + thing["apiVersion"].split("/"))[-2:]
        root = f"/apis/{group}/{version}" if group else f"/api/{version}"
        path = f"{root}/namespaces/{thing['metadata']['namespace']}/{self.plurals[group, thing['kind']]}"
        return path + ("/" + urllib.parse.quote(thing["metadata"]["name"]) if name else "")

    def install(self):
        for definition in self.definitions:
            path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
            must("POST", path, definition)
        for definition in self.definitions:
            group, names = definition["spec"]["group"], definition["spec"]["names"]
            for version in definition["spec"]["versions"]:
                path = f"/apis/{group}/{version['name']}/namespaces/default/{names['plural']}?limit=1"
                deadline = time.monotonic() + 60
                while send("GET", path)[0] != 200:
                    if time.monotonic() > deadline:
                        sys.exit(f"{definition['metadata']['name']} is not served")
                    time.sleep(0.1)

    def remove(self):
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
        for definition in self.definitions:
            must("DELETE", path + definition["metadata"]["name"])
        for definition in self.definitions:
            while send("GET", path + definition["metadata"]["name"])[0] != 404:
                time.sleep(0.1)


# ---- Policies ----


def bound(manifest, variant):
    """A manifest under a name of its own: for labelled objects alone, and for nobody who prepares a case."""
    manifest = copy.deepcopy(manifest)
    spec = manifest["spec"]
    if manifest["kind"].endswith("Binding"):
        spec["policyName"] = f"{variant}.{spec['policyName']}"
        spec["matchResources"] = {"objectSelector": {"matchLabels": {LABEL: variant}}}
    else:
        spec.setdefault("matchConditions", []).append(
            {"name": "played", "expression": "request.userInfo.username != 'admin'"}
        )
    manifest["metadata"]["name"] = f"{variant}.{manifest['metadata']['name']}"
    return manifest


def markers():
    """A policy of each kind that comes last: when it acts, so do those before it."""
    rules = {"matchConstraints": {"resourceRules": [{
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"],
    }]}}
    condition = [{"name": "marked", "expression": "object.metadata.name == 'marker'"}]
    patch = "[JSONPatch{op: 'add', path: '/data', value: {'marked': 'yes'}}]"
    for kind, body in [
        ("Validating", {"validations": [{"expression": "has(object.metadata.annotations)", "message": "marker"}]}),
        ("Mutating", {
            "reinvocationPolicy": "Never",
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
        }),
    ]:
        head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "zz-marker"}}
        yield {**head, "kind": kind + "AdmissionPolicy", "spec": {**rules, "matchConditions": condition, **body}}
        actions = {"validationActions": ["Deny"]} if kind == "Validating" else {}
        yield {**head, "kind": kind + "AdmissionPolicyBinding", "spec": {"policyName": "zz-marker", **actions}}


def is_in_force():
    def marker(annotations):
        return {
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "marker", "namespace": "default", **annotations},
        }

    path = "/api/v1/namespaces/default/configmaps?dryRun=All"
    denied = send("POST", path, marker({}))[0] >= 400
    mutated = send("POST", path, marker({"annotations": {"a": "b"}}))[1].get("data") == {"marked": "yes"}
    return denied and mutated


# ---- Cases ----


def played(case, kinds):
    """What the API server said: an answer of `send`."""
    thing = copy.deepcopy(case.object)
    thing["metadata"].setdefault("labels", {})[LABEL] = case.variant
    query = "?dryRun=All&fieldManager=played"
    if not case.old and not case.is_deletion:
        return send("POST", kinds.path(thing, name=False) + query, thing, case.user)
    seed = copy.deepcopy(case.old or case.object)
    seed["metadata"].setdefault("labels", {})[LABEL] = case.variant
    code, stored, _ = send("POST", kinds.path(seed, name=False), seed)
    if code >= 300:
        sys.exit(f"{case.title}: cannot be prepared: {code} {stored.get('message')}")
    try:
        if case.is_deletion:
            return send("DELETE", kinds.path(thing) + "?dryRun=All", None, case.user)
        thing["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]
        return send("PUT", kinds.path(thing) + query, thing, case.user)
    finally:
        must("DELETE", kinds.path(seed))


def own(thing):
    """What an author can have written."""
    metadata = thing.get("metadata", {})
    labels = {key: value for key, value in metadata.get("labels", {}).items() if key != LABEL}
    return {
        "labels": labels, "annotations": metadata.get("annotations", {}),
        **{key: value for key, value in thing.items() if key not in ("metadata", "apiVersion", "kind", "status")},
    }


def differences(case, answer):
    code, body, warnings = answer
    message = body.get("message", "")
    expect = case.expect
    if "resulted in error" in message or "failed to" in message:
        yield f"broke: {message}"
    elif expect["decision"] == "Deny":
        rules = [failure["rule"] for failure in expect.get("failures", []) if "rule" in failure]
        if code not in (403, 422):
            yield f"ours is Deny, the API server says {code} {message}"
        elif rules and not any(f"{rule}: " in message for rule in rules):
            yield f"ours is of {rules}, the API server says {message}"
    elif code not in (200, 201):
        yield f"ours is Allow, the API server says {code} {message}"
    else:
        if not case.old and not case.is_deletion:
            for warning in expect.get("warnings", []):
                rule = warning.get("rule", "") if isinstance(warning, dict) else ""
                if not any(f"{rule}: " in text for text in warnings):
                    yield f"ours warns of {rule}, the API server of {warnings}"
            if len(warnings) > 0 and not expect.get("warnings"):
                yield f"the API server warns alone: {warnings}"
        if not case.is_deletion:
            wanted = own(merged(case.object, expect.get("patchedChanges", {})))
            if own(body) != wanted:
                yield f"ours leaves {json.dumps(wanted)}, the API server {json.dumps(own(body))}"


def type_checking(manifests):
    """What the cluster says of the types in expressions, of which kube-controller-manager writes."""
    seen, complaints = 0, []
    for manifest in manifests:
        if manifest["kind"] != "ValidatingAdmissionPolicy":
            continue
        path = f"{ADMISSION}{PLURALS[manifest['kind']]}/{manifest['metadata']['name']}"
        checking = must("GET", path).get("status", {}).get("typeChecking")
        if checking is not None:
            seen += 1
            complaints += [f"{manifest['metadata']['name']}: {text}" for text in checking.get("expressionWarnings", [])]
    if not seen:
        return "types are not checked here: kube-controller-manager does that, and there is none"
    return "\n".join([f"types of {seen} policies checked, {len(complaints)} complaints"] + complaints)


def main():
    cases, variants, refused = load()
    kinds = Kinds([thing for case in cases for thing in (case.object, case.old) if thing])
    kinds.install()
    namespaces = {}
    for case in cases:
        for name in [case.object["metadata"]["namespace"], *case.namespaces]:
            namespaces.setdefault(name, {}).update(case.namespaces.get(name, {}))
    for name, labels in sorted(namespaces.items()):
        # Those of the shipped policies are there.
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        if send("POST", "/api/v1/namespaces", manifest)[0] == 409:
            must("PATCH", f"/api/v1/namespaces/{name}", {"metadata": {"labels": labels}})
    manifests = [bound(manifest, variant) for variant, made in variants for manifest in made]
    for manifest in manifests + list(markers()):
        must("POST", ADMISSION + PLURALS[manifest["kind"]], manifest)
    deadline = time.monotonic() + 120
    while not is_in_force():
        if time.monotonic() > deadline:
            sys.exit("the policies did not come into force")
        time.sleep(0.2)
    wrong, unplayable = [], []
    for case in cases:
        if case.unplayable:
            unplayable.append(f"{case.title}: {case.unplayable}")
            continue
        wrong += [f"{case.title}: {difference}" for difference in differences(case, played(case, kinds))]
    checked = type_checking(manifests)
    for manifest in manifests + list(markers()):
        must("DELETE", f"{ADMISSION}{PLURALS[manifest['kind']]}/{manifest['metadata']['name']}")
    kinds.remove()
    policies = {case.title.split(":")[0] for case in cases}
    print(f"{len(cases) - len(unplayable)} cases of {len(policies)} policies, {len(manifests)} manifests, {len(wrong)} differences")
    for name, reasons in refused.items():
        print(f"not generated: {name}: {reasons[0]}")
    for line in unplayable:
        print(f"not played: {line}")
    print(checked)
    for line in wrong:
        print(line)
    return 1 if wrong or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
