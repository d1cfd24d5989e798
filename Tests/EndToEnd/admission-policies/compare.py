#!/usr/bin/env python3
"""Creates objects in a cluster (dry run), and compares what two clusters' guards said of them.

    compare.py create API CA TOKEN OBJECTS.jsonl >ANSWERS.jsonl
    compare.py compare THEIRS.jsonl OURS.jsonl

An answer is: denied or not, the status code, what a policy's author wrote, warnings, and the spec as it left admission.
The API server names the first failure only, so its reason must be among ours.
"""

import json
import re
import ssl
import sys
import urllib.error
import urllib.request

BASE = {
    "location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "owner": {"name": "team-a-data"},
    "tags": {"cost-center": "CC-1001"},
}

# Denials that no author wrote: each guard says in its own words what broke.
BROKEN = re.compile("resulted in error|failed to configure binding|error applying patch")


def account(line):
    return {
        "apiVersion": "storage.azure.com/v1api20230101",
        "kind": "StorageAccount",
        "metadata": {
            "name": line["name"], "namespace": "team-a", "labels": {"case": line["case"], **line.get("labels", {})},
            "annotations": {"serviceoperator.azure.com/credential-from": "team-a-credential"},
        },
        "spec": {**BASE, **line.get("spec", {})},
    }


def create(api, authority, token, path):
    context = ssl.create_default_context(cafile=authority)
    url = api + "/apis/storage.azure.com/v1api20230101/namespaces/team-a/storageaccounts?dryRun=All&fieldManager=compare"
    for line in map(json.loads, open(path, encoding="utf-8")):
        request = urllib.request.Request(url, json.dumps(account(line)).encode(), method="POST")
        request.add_header("Authorization", "Bearer " + token)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, context=context) as response:
                body, warnings = json.load(response), response.headers.get_all("Warning") or []
                answer = {"code": 201, "spec": body["spec"]}
        except urllib.error.HTTPError as error:
            body, warnings = json.load(error), error.headers.get_all("Warning") or []
            answer = {"code": error.code, "reason": body.get("reason"), "message": body.get("message")}
        answer["warnings"] = [re.sub(r'^299 \S+ "(.*)"$', r"\1", warning) for warning in warnings]
        print(json.dumps({"case": line["case"], "name": line["name"], **answer}))


def said(text):
    """What the policy's author wrote, without the API server's words around it."""
    match = re.search(r"(?:denied request|Validation failed for [^:]*binding '[^']*'): (.*)", text, re.DOTALL)
    return match[1] if match else text


def differences(theirs, ours):
    if (theirs["code"] == 201) != (ours["code"] == 201):
        yield f"they say {theirs['code']} {theirs.get('message', '')}, we say {ours['code']} {ours.get('message', '')}"
        return
    if theirs["code"] == 201:
        if theirs["spec"] != ours["spec"]:
            yield f"their spec {json.dumps(theirs['spec'])}, ours {json.dumps(ours['spec'])}"
    elif "denied request" in theirs["message"] and not BROKEN.search(theirs["message"]):
        if theirs["code"] != ours["code"]:
            yield f"their code {theirs['code']}, ours {ours['code']}"
        # Where nothing was written, both fall back to words of their own around the expression.
        reason = said(theirs["message"]).removeprefix("failed expression: ")
        if reason not in ours["message"]:
            yield f"their reason {reason!r} is not in ours: {ours['message']!r}"
    for warning in theirs["warnings"]:
        if not any(said(warning) in other for other in ours["warnings"]):
            yield f"their warning {warning!r} is not among ours: {ours['warnings']}"
    # That a policy was skipped (failurePolicy Ignore) is told by us alone.
    warnings = [warning for warning in ours["warnings"] if " was skipped: " not in warning]
    if len(theirs["warnings"]) < len(warnings) and theirs["code"] == 201:
        yield f"we warn more: {warnings}"


def compare(theirs, ours):
    count = 0
    pairs = list(zip(map(json.loads, open(theirs, encoding="utf-8")), map(json.loads, open(ours, encoding="utf-8")), strict=True))
    for their, our in pairs:
        for difference in differences(their, our):
            count += 1
            print(f"{their['case']}/{their['name']}: {difference}")
    print(f"{len(pairs)} objects, {count} differences")
    return 1 if count else 0


if __name__ == "__main__":
    if sys.argv[1] == "create":
        create(*sys.argv[2:])
    else:
        sys.exit(compare(*sys.argv[2:]))
