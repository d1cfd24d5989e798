#!/usr/bin/env python3
"""Prints CustomResourceDefinitions with one version each, so that an API server takes them in a second.

    crds.py SOURCE PLURAL.GROUP=VERSION …

SOURCE is a folder or an archive of CRDs as JSON, named PLURAL.GROUP.json.
"""

import json
import os
import sys
import tarfile


def read(source, name):
    if os.path.isdir(source):
        with open(os.path.join(source, name + ".json"), encoding="utf-8") as file:
            return json.load(file)
    with tarfile.open(source) as archive:
        return json.load(archive.extractfile(name + ".json"))


items = []
for argument in sys.argv[2:]:
    name, version = argument.split("=")
    crd = read(sys.argv[1], name)
    crd.pop("status", None)
    crd["spec"]["conversion"] = {"strategy": "None"}
    crd["spec"]["versions"] = [v for v in crd["spec"]["versions"] if v["name"] == version]
    crd["spec"]["versions"][0].update(served=True, storage=True)
    items.append(crd)
json.dump({"apiVersion": "v1", "kind": "List", "items": items}, sys.stdout)
