"""same-spec.py SAID KEPT: whether an API server keeps of documents of ours what was said, apart from metadata of its own."""

import json
import sys


def specs(path):
    """The specs of portcullis.dev by kind and name: kubectl prints one object, several, or a List."""
    result, text, decoder = {}, open(path).read(), json.JSONDecoder()
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        text = text[end:]
        for item in value.get("items", [value]):
            if item["apiVersion"].startswith("portcullis.dev/"):
                result[item["kind"], item["metadata"]["name"]] = item["spec"]
    return result


said, kept = specs(sys.argv[1]), specs(sys.argv[2])
for key in sorted(said.keys() | kept.keys()):
    if said.get(key) != kept.get(key):
        print(*key, "was\n ", json.dumps(said.get(key)), "\nand is kept as\n ", json.dumps(kept.get(key)))
        sys.exit(1)
sys.exit(0 if said else "there is no document of ours")
