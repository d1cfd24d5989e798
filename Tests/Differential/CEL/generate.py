#!/usr/bin/env python3
"""Writes generated CEL expressions with the answers of an independent engine, Google's C++ CEL.

    generate.py [--count N] [--seed S] >tests.jsonl

Each line has the form of the conformance suite, so that `portcullis cel conformance tests.jsonl` compares our answers.
Expressions are well typed by construction, over variables of every type and a JSON-like `object`; one in eight has a
type forgotten (`dyn`) on the way, so that dispatch at run time is tried as well as the checker's. What the other engine
refuses or fails at, we must refuse or fail at; where the two read the specification differently on purpose,
`LISTED` says so and the expression is not written.
"""

import argparse
import base64
import datetime
import json
import math
import random
import re
import sys

from cel_expr_python import cel
from cel_expr_python.ext import ext_bindings, ext_encoders, ext_math, ext_optional, ext_strings

T = cel.Type

OBJECT = {
    "kind": "StorageAccount",
    "metadata": {
        "name": "stteama001",
        "namespace": "team-a",
        "labels": {"team": "a", "tier": "standard", "größe": "klein"},
        "annotations": {"serviceoperator.azure.com/credential-from": "team-a-credential"},
        "generation": 3,
    },
    "spec": {
        "location": "westeurope",
        "sku": {"name": "Standard_LRS", "tier": None},
        "tags": {"cost-center": "CC-1234", "owner": "team-a"},
        "accessTier": "Hot",
        "ports": [80, 443, 8080],
        "weights": [0.5, 1.5, -2.0],
        "names": ["a", "b", "ä", "𝄞x", ""],
        "mixed": [1, "a", True, None, 1.5, [1], {"k": 1}],
        "flags": {"https": True, "public": False},
        "rules": [
            {"ip": "10.0.0.0/8", "port": 443, "allow": True},
            {"ip": "0.0.0.0/0", "port": 22, "allow": False},
        ],
        "empty": {},
        "none": None,
    },
}

# Path of the object → type of what is there; "dyn" for what is not, or is of no one type.
PATHS = {
    "string": ["kind", "metadata.name", "spec.location", "spec.sku.name", "spec.accessTier", "spec.tags['cost-center']",
               "metadata.labels.team", "metadata.labels['größe']", "spec.names[3]", "spec.rules[0].ip"],
    "int": ["metadata.generation", "spec.ports[0]", "spec.ports[2]", "spec.rules[1].port"],
    "double": ["spec.weights[0]", "spec.weights[2]"],
    "bool": ["spec.flags.https", "spec.flags.public", "spec.rules[0].allow"],
    "dyn": ["spec.none", "spec.sku.tier", "spec.missing", "spec.sku.missing.deeper", "spec.ports[7]", "spec.mixed[4]",
            "spec.mixed[1]", "spec.tags.missing", "metadata.labels['no']"],
    "list(int)": ["spec.ports"],
    "list(double)": ["spec.weights"],
    "list(string)": ["spec.names"],
    "list(dyn)": ["spec.mixed", "spec.rules"],
    "map(string,string)": ["spec.tags", "metadata.labels"],
    "map(string,bool)": ["spec.flags"],
}

VARIABLES = {"i": "int", "u": "uint", "d": "double", "s": "string", "b": "bytes", "t": "bool", "ts": "timestamp",
             "du": "duration", "li": "list(int)", "ls": "list(string)", "msi": "map(string,int)"}

TYPES = {"int": T.INT, "uint": T.UINT, "double": T.DOUBLE, "string": T.STRING, "bytes": T.BYTES, "bool": T.BOOL,
         "timestamp": T.TIMESTAMP, "duration": T.DURATION, "list(int)": T.List(T.INT), "list(string)": T.List(T.STRING),
         "map(string,int)": T.Map(T.STRING, T.INT)}

SCALARS = ["bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration"]
ORDERED = SCALARS
KEYS = ["string", "int", "bool"]
ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "+05:30", "-11:00", "02:00", "Australia/Sydney"]
STRINGS = ["", "a", "abc", "ABC", "westeurope", "StorageAccount", "a-b_c.d", "ä", "𝄞 clef", "é", "e\u0301", "日本語",
           " a\tb\n", "CC-1234", "10.0.0.1", "true", "42", "-7", "1.5", "1e3", "x" * 40, "tacocat", "\\", "'\"", "%s"]
PATTERNS = ["^a", "b$", "[a-z]+", "^CC-[0-9]{4}$", "a|b", ".*", "\\\\d+", "(ab)+", "^$", "日", "[^a]", "x{3,5}", "\\\\bteam\\\\b"]


def split_type(name):
    """`map(string,int)` → ("map", ["string", "int"])."""
    match = re.fullmatch(r"(\w+)\((.*)\)", name)
    if not match:
        return name, []
    parts, depth, part = [], 0, ""
    for character in match[2]:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += character
    return match[1], parts + [part]


def quote(text):
    out = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t")
    return "'" + out + "'"


class Generator:
    """Expressions of a wanted type."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.counter = 0

    def pick(self, *options):
        return self.random.choice(options)

    def fresh(self):
        self.counter += 1
        return f"v{self.counter % 7}"

    def expression(self, wanted, depth, scope):
        """An expression of a type; `scope` maps the names of comprehensions to their types."""
        if depth <= 0 or self.random.random() < 0.12:
            return self.leaf(wanted, scope)
        if self.random.random() < 0.08:
            # A type forgotten: what follows is dispatched when it is evaluated.
            return f"dyn({self.expression(wanted, depth - 1, scope)})"
        if self.random.random() < 0.08:
            branch = lambda: self.expression(wanted, depth - 1, scope)
            return f"({self.expression('bool', depth - 1, scope)} ? {branch()} : {branch()})"
        if self.random.random() < 0.04:
            name, kind = self.fresh(), self.pick(*SCALARS)
            body = self.expression(wanted, depth - 1, {**scope, name: kind})
            return f"cel.bind({name}, {self.expression(kind, depth - 1, scope)}, {body})"
        if self.random.random() < 0.05:
            inner = self.expression(wanted, depth - 1, scope)
            default = self.leaf(wanted, scope)
            return self.pick(f"optional.of({inner}).orValue({default})", f"[{inner}][?{self.pick(0, 1)}].orValue({default})",
                             f"{{'k': {inner}}}[?{self.pick(quote('k'), quote('n'))}].orValue({default})",
                             f"optional.of({inner}).or(optional.of({default})).value()")
        container, parts = split_type(wanted)
        return getattr(self, "make_" + container)(depth - 1, scope, *parts)

    def leaf(self, wanted, scope):
        candidates = [name for name, kind in list(VARIABLES.items()) + list(scope.items()) if kind == wanted]
        candidates += ["object." + path for path in PATHS.get(wanted, [])]
        if candidates and self.random.random() < 0.5:
            return self.random.choice(candidates)
        if self.random.random() < 0.02:
            return "object." + self.random.choice(PATHS["dyn"])
        container, parts = split_type(wanted)
        pick = self.pick
        if container == "bool":
            return pick("true", "false")
        if container == "int":
            return pick("0", "1", "-1", "2", "7", "42", "255", "-128", "9223372036854775807", "-9223372036854775808", "1000000",
                        "0x1F", str(self.random.randint(-100, 100)))
        if container == "uint":
            return pick("0u", "1u", "3u", "42u", "18446744073709551615u", "0xFFu")
        if container == "double":
            return pick("0.0", "-0.0", "1.0", "0.1", "-2.5", "1e10", "1.7976931348623157e308", "5e-324", "3.999999", "1e-7")
        if container == "string":
            return quote(self.random.choice(STRINGS))
        if container == "bytes":
            return pick("b''", "b'abc'", "b'\\x00\\xff'", "b'ä'", "b'true'", "b'\\377\\376'")
        if container == "timestamp":
            return pick("timestamp('2009-02-13T23:31:30Z')", "timestamp('1970-01-01T00:00:00Z')",
                        "timestamp('2024-02-29T12:00:00.123456789+02:00')", "timestamp('0001-01-01T00:00:00Z')",
                        "timestamp('9999-12-31T23:59:59.999999999Z')", "timestamp(1234567890)")
        if container == "duration":
            return pick("duration('0s')", "duration('1h30m')", "duration('-1.234567s')", "duration('123ms')", "duration('3h')",
                        "duration('2us')", "duration('86400s')")
        if container == "list":
            return "[" + ", ".join(self.leaf(parts[0], scope) for _ in range(self.random.randint(0, 4))) + "]"
        if container == "map":
            keys = {"string": ["'a'", "'b'", "'team'"], "int": ["1", "2", "-3"], "bool": ["true", "false"]}[parts[0]]
            chosen = self.random.sample(keys, self.random.randint(0, 2))
            return "{" + ", ".join(f"{key}: {self.leaf(parts[1], scope)}" for key in chosen) + "}"
        return "object." + self.random.choice(PATHS["dyn"])

    make_dyn = lambda self, depth, scope: self.expression(self.random.choice(SCALARS), depth, scope)

    def make_bool(self, depth, scope):
        make = lambda kind: self.expression(kind, depth, scope)
        form = self.random.randint(0, 20)
        if form <= 2:
            kind = self.random.choice(ORDERED)
            return f"({make(kind)} {self.pick('<', '<=', '>', '>=')} {make(kind)})"
        if form <= 5:
            kind = self.random.choice(SCALARS + ["list(int)", "list(string)", "map(string,int)", "map(string,string)", "dyn"])
            return f"({make(kind)} {self.pick('==', '!=')} {make(kind)})"
        if form == 6:
            first, second = self.random.sample(["int", "uint", "double"], 2)
            return f"(dyn({make(first)}) {self.pick('==', '!=', '<', '<=', '>', '>=')} {make(second)})"
        if form <= 8:
            return f"({make('bool')} {self.pick('&&', '||')} {make('bool')})"
        if form == 9:
            return f"!({make('bool')})"
        if form == 10:
            return f"{make('string')}.{self.pick('startsWith', 'endsWith', 'contains')}({make('string')})"
        if form == 11:
            return f"{make('string')}.matches('{self.random.choice(PATTERNS)}')"
        if form == 12:
            kind = self.random.choice(["int", "string", "double"])
            return f"({make(kind)} in {make(f'list({kind})')})"
        if form == 13:
            kind = self.random.choice(KEYS)
            return f"({make(kind)} in {make(f'map({kind},int)')})"
        if form <= 15:
            kind = self.random.choice(["int", "string", "double"])
            name = self.fresh()
            body = self.expression("bool", depth, {**scope, name: kind})
            return f"{make(f'list({kind})')}.{self.pick('all', 'exists', 'exists_one')}({name}, {body})"
        if form == 16:
            name = self.fresh()
            body = self.expression("bool", depth, {**scope, name: "string"})
            return f"{make('map(string,int)')}.{self.pick('all', 'exists')}({name}, {body})"
        if form == 17:
            paths = [path for group in PATHS.values() for path in group if path[-1] != "]"]
            return f"has(object.{self.random.choice(paths)})"
        if form == 18:
            return f"bool({self.pick(quote('true'), quote('false'), quote('TRUE'), quote('yes'), quote('1'), make('bool'))})"
        if form == 19:
            kind = self.random.choice(SCALARS)
            return f"(type({make(kind)}) == {self.pick('int', 'uint', 'double', 'string', 'bytes', 'bool', 'null_type', 'list')})"
        return self.pick(f"math.isNaN({make('double')})", f"math.isInf({make('double')})", f"math.isFinite({make('double')})",
                         f"optional.of({make('int')}).hasValue()", f"(object.?spec.?{self.pick('location', 'zone')}.hasValue())")

    def make_int(self, depth, scope):
        make = lambda kind: self.expression(kind, depth, scope)
        form = self.random.randint(0, 12)
        if form <= 4:
            return f"({make('int')} {self.pick('+', '-', '*', '/', '%')} {make('int')})"
        if form == 5:
            return f"-({make('int')})"
        if form <= 7:
            kind = self.pick("string", "bytes", "list(int)", "list(string)", "map(string,int)")
            return f"size({make(kind)})" if self.random.random() < 0.5 else f"{make(kind)}.size()"
        if form == 8:
            return f"int({make(self.pick('int', 'uint', 'double', 'string', 'timestamp'))})"
        if form == 9:
            name = self.pick("getFullYear", "getMonth", "getDayOfMonth", "getDate", "getDayOfWeek", "getDayOfYear", "getHours",
                             "getMinutes", "getSeconds", "getMilliseconds")
            zone = quote(self.random.choice(ZONES)) if self.random.random() < 0.6 else ""
            return f"{make('timestamp')}.{name}({zone})"
        if form == 10:
            return f"{make('duration')}.{self.pick('getHours', 'getMinutes', 'getSeconds')}()"
        if form == 11:
            return f"{make('string')}.{self.pick('indexOf', 'lastIndexOf')}({make('string')})"
        return self.pick(f"{make('list(int)')}[{self.random.randint(-1, 4)}]", f"{make('map(string,int)')}[{make('string')}]",
                         f"math.{self.pick('greatest', 'least')}({make('int')}, {make('int')})", f"math.abs({make('int')})",
                         f"math.sign({make('int')})", f"math.bitAnd({make('int')}, {make('int')})",
                         f"math.bitXor({make('int')}, {make('int')})", f"math.bitNot({make('int')})",
                         f"math.{self.pick('bitShiftLeft', 'bitShiftRight')}({make('int')}, {self.random.randint(-1, 70)})")

    def make_uint(self, depth, scope):
        make = lambda kind: self.expression(kind, depth, scope)
        return self.pick(f"({make('uint')} {self.pick('+', '-', '*', '/', '%')} {make('uint')})",
                         f"uint({make(self.pick('int', 'uint', 'double', 'string'))})",
                         f"math.bitOr({make('uint')}, {make('uint')})", f"math.least({make('uint')}, {make('uint')})")

    def make_double(self, depth, scope):
        make = lambda kind: self.expression(kind, depth, scope)
        return self.pick(f"({make('double')} {self.pick('+', '-', '*')} {make('double')})", f"({make('double')} / 2.5)", f"-({make('double')})",
                         f"double({make(self.pick('int', 'uint', 'double', 'string'))})",
                         f"math.{self.pick('ceil', 'floor', 'round', 'trunc', 'abs', 'sign')}({make('double')})",
                         f"math.greatest({make('double')}, {make('double')})", f"{make('list(double)')}[0]")

    def make_string(self, depth, scope):
        make = lambda kind: self.expression(kind, depth, scope)
        form = self.random.randint(0, 11)
        if form <= 2:
            return f"({make('string')} + {make('string')})"
        if form == 3:
            return f"string({make(self.pick('int', 'uint', 'bool', 'string', 'bytes', 'timestamp', 'duration'))})"
        if form == 4:
            return f"string({make('string')}).{self.pick('lowerAscii', 'upperAscii', 'trim', 'reverse')}()"
        if form == 5:
            return f"{make('string')}.substring({self.random.randint(-1, 5)}{self.pick('', ', ' + str(self.random.randint(0, 6)))})"
        if form == 6:
            return f"{make('string')}.replace({make('string')}, {make('string')}{self.pick('', ', 1', ', 0', ', -1')})"
        if form == 7:
            return f"{make('list(string)')}.join({self.pick('', quote(','), make('string'))})"
        if form == 8:
            return f"{make('string')}.charAt({self.random.randint(-1, 5)})"
        if form == 9:
            kind = self.pick("int", "uint", "bool", "string", "double")
            verb = {"int": "%d", "uint": "%d", "bool": "%s", "string": "%s", "double": "%.3f"}[kind]
            return f"'{self.pick('', 'a ', '%%')}{verb}{self.pick('', ' z')}'.format([{kind}({self.leaf(kind, scope)})])"
        if form == 10:
            return f"strings.quote({make('string')})"
        return self.pick(f"{make('list(string)')}[{self.random.randint(0, 3)}]", f"{make('map(string,string)')}[{make('string')}]",
                         f"base64.encode({make('bytes')})")

    def make_bytes(self, depth, scope):
        make = lambda kind: self.expression(kind, depth, scope)
        return self.pick(f"({make('bytes')} + {make('bytes')})", f"bytes({make('string')})", f"base64.decode({self.pick(*[quote(text) for text in STRINGS if text.strip() == text])})")

    def make_timestamp(self, depth, scope):
        make = lambda kind: self.expression(kind, depth, scope)
        return self.pick(f"({make('timestamp')} {self.pick('+', '-')} {make('duration')})", f"timestamp({make('timestamp')})",
                         f"({make('duration')} + {make('timestamp')})", f"timestamp({make('int')})")

    def make_duration(self, depth, scope):
        make = lambda kind: self.expression(kind, depth, scope)
        return self.pick(f"({make('duration')} {self.pick('+', '-')} {make('duration')})",
                         f"({make('timestamp')} - {make('timestamp')})", f"duration({make('duration')})")

    def make_list(self, depth, scope, element):
        make = lambda kind: self.expression(kind, depth, scope)
        name = self.fresh()
        inside = {**scope, name: element}
        options = [
            lambda: "[" + ", ".join(make(element) for _ in range(self.random.randint(1, 3))) + "]",
            lambda: f"({make(f'list({element})')} + {make(f'list({element})')})",
            lambda: f"{make(f'list({element})')}.filter({name}, {self.expression('bool', depth, inside)})",
            lambda: f"{make(f'list({element})')}.map({name}, {self.expression(element, depth, inside)})",
            lambda: f"{make(f'list({element})')}.map({name}, {self.expression('bool', depth, inside)}, "
                    f"{self.expression(element, depth, inside)})",
        ]
        if element == "string":
            options.append(lambda: f"('x' + {make('string')}).split({self.pick(quote(','), quote(''), make('string'))}"
                                   f"{self.pick('', ', 2', ', 0', ', -1')})")
        return self.random.choice(options)()

    def make_map(self, depth, scope, key, value):
        keys = {"string": ["'a'", "'b'", "'team'", "'ä'", "s"], "int": ["1", "2", "-3", "i"], "bool": ["true", "false", "t"]}[key]
        chosen = self.random.sample(keys, self.random.randint(1, 3))
        return "{" + ", ".join(f"{name}: {self.expression(value, depth, scope)}" for name in chosen) + "}"


# ---- Values ----


class Unwritable(Exception):
    """A result that this form cannot carry exactly."""


def encode_json(value):
    """A Python value of a binding, in the conformance suite's form."""
    if value is None:
        return {"nullValue": None}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"int64Value": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, list):
        return {"listValue": {"values": [encode_json(item) for item in value]}}
    return {"mapValue": {"entries": [{"key": encode_json(key), "value": encode_json(item)} for key, item in value.items()]}}


def encode(result):
    """A result of the other engine, in the conformance suite's form."""
    kind = str(result.type())
    if kind == "NULL":
        return {"nullValue": None}
    if kind == "BOOL":
        return {"boolValue": result.value()}
    if kind == "INT":
        return {"int64Value": str(result.value())}
    if kind == "UINT":
        return {"uint64Value": str(result.value())}
    if kind == "DOUBLE":
        number = result.value()
        if math.isnan(number):
            return {"doubleValue": "NaN"}
        if math.isinf(number):
            return {"doubleValue": "Infinity" if number > 0 else "-Infinity"}
        return {"doubleValue": number}
    if kind == "STRING":
        return {"stringValue": result.value()}
    if kind == "BYTES":
        return {"bytesValue": base64.b64encode(bytes(result.value())).decode()}
    if kind in ("TIMESTAMP", "DURATION"):
        # Years before 1000 are written short.
        text = re.sub(r"^\d{1,3}-", lambda year: year[0].zfill(5), repr(result))
        return {"objectValue": {"@type": "type.googleapis.com/google.protobuf." + kind.capitalize(), "value": text}}
    if kind == "TYPE":
        return {"typeValue": repr(result)}
    if kind.startswith("LIST"):
        return {"listValue": {"values": [encode(item) for item in result.value()]}}
    if kind.startswith("MAP"):
        entries = [{"key": encode_json(key), "value": encode(item)} for key, item in result.value().items()]
        return {"mapValue": {"entries": entries}}
    raise Unwritable(kind)


def type_of(name):
    primitive = {"int": "INT64", "uint": "UINT64", "double": "DOUBLE", "string": "STRING", "bytes": "BYTES", "bool": "BOOL"}
    if name in primitive:
        return {"primitive": primitive[name]}
    if name in ("timestamp", "duration"):
        return {"wellKnown": name.upper()}
    if name == "dyn":
        return {"dyn": {}}
    container, parts = split_type(name)
    if container == "list":
        return {"listType": {"elemType": type_of(parts[0])}}
    return {"mapType": {"keyType": type_of(parts[0]), "valueType": type_of(parts[1])}}


def bindings(rng):
    """Values of the variables: for the other engine, and in the conformance suite's form."""
    choose = rng.choice
    instant = datetime.datetime(choose([1970, 2000, 2024]), choose([1, 2, 12]), choose([1, 28]), choose([0, 23]), choose([0, 59]),
                                choose([0, 30]), choose([0, 123456]), tzinfo=datetime.timezone.utc)
    span = datetime.timedelta(seconds=choose([0, 1, 3600, -90, 86400]), microseconds=choose([0, 654321]))
    values = {"i": choose([0, 1, -1, 5, 2**63 - 1, -(2**63)]), "u": choose([0, 1, 7, 2**64 - 1]),
              "d": choose([0.0, 1.5, -2.25, 1e300, 0.1]), "s": choose(STRINGS), "b": choose([b"", b"abc", b"\xff\x01"]),
              "t": choose([True, False]), "ts": instant, "du": span, "li": choose([[], [1], [3, 1, 2], [0, -1, 5, 5]]),
              "ls": choose([[], ["a"], ["b", "a", "ä"], ["", "", "x"]]), "msi": choose([{}, {"a": 1}, {"team": 3, "b": -2}])}
    encoded = {name: {"value": encode_json(value)} for name, value in values.items()
               if VARIABLES[name] not in ("uint", "bytes", "timestamp", "duration")}
    encoded["u"] = {"value": {"uint64Value": str(values["u"])}}
    encoded["b"] = {"value": {"bytesValue": base64.b64encode(values["b"]).decode()}}
    time = instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    encoded["ts"] = {"value": {"objectValue": {"@type": "type.googleapis.com/google.protobuf.Timestamp", "value": time}}}
    micros = span // datetime.timedelta(microseconds=1)
    text = f"{'-' if micros < 0 else ''}{abs(micros) // 1000000}.{abs(micros) % 1000000:06d}s"
    encoded["du"] = {"value": {"objectValue": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": text}}}
    values["object"] = OBJECT
    encoded["object"] = {"value": encode_json(OBJECT)}
    return values, encoded


# Where the other engine departs from the specification or from cel-go, which Kubernetes speaks: what it says, and why we
# do not. For the rest, what is generated avoids the difference: it writes fractions of seconds with 3, 6 or 9 digits, cel-go
# with as many as are needed; its Python face cuts bytes off at the first zero; it skips spaces in base64; it orders NaN; it
# splits '' into ['']; its %d writes 1.5 as 1.500000; it has no reverse() of lists; to [].map(v, math.sign(v)) it gives the
# type of the first overload that fits. Another seed's long expressions may come across one of these all the same.
LISTED = [
    # 'abc'.substring(2, 3) is 'c': the end may be the length.
    ("<start> or <end> is greater than <string>.size()", "refuses an end at the length"),
    # null in {1: 2} is false, as in cel-go: a key that no map has.
    ("No matching overloads found : @in", "null may not be looked for"),
    # (… in {a: 1, a: 1}) && false is false.
    ("ALREADY_EXISTS: duplicate key in map [ALREADY_EXISTS]", "&& and || do not get over a key that stands twice"),
]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("--count", type=int, default=25000)
    arguments.add_argument("--seed", type=int, default=20261123)
    options = arguments.parse_args()
    kinds = {**{name: TYPES[kind] for name, kind in VARIABLES.items()}, "object": T.DYN}
    environment = cel.NewEnv(variables=kinds, extensions=[ext_strings.ExtStrings(), ext_math.ExtMath(), ext_optional.ExtOptional(),
                                                          ext_bindings.ExtBindings(), ext_encoders.ExtEncoders()])
    declarations = [{"name": name, "ident": {"type": type_of(kind)}} for name, kind in {**VARIABLES, "object": "dyn"}.items()]
    generator = Generator(options.seed)
    wanted = SCALARS + ["bool"] * 6 + ["int", "string", "string", "list(int)", "list(string)", "map(string,int)", "dyn"]
    written = refused = failed = listed = unwritable = 0
    while written < options.count:
        values, encoded = bindings(generator.random)
        expression = generator.expression(generator.random.choice(wanted), generator.random.randint(1, 5), {})
        if len(expression) > 2000:
            continue
        test = {"file": "generated", "section": str(options.seed), "name": str(written), "expr": expression,
                "typeEnv": declarations, "bindings": encoded}
        try:
            program = environment.compile(expression)
        except RuntimeError as error:
            refused += 1
            test["evalError"] = {"errors": [{"message": str(error).split("\n", maxsplit=1)[0]}]}
        else:
            try:
                result = program.eval(data=values)
                if str(result.type()) == "ERROR":
                    raise RuntimeError(str(result.value()))
                test["value"] = encode(result)
            except RuntimeError as error:
                if any(words in str(error) for words, _ in LISTED):
                    listed += 1
                    continue
                failed += 1
                test["evalError"] = {"errors": [{"message": str(error)}]}
            except (Unwritable, UnicodeDecodeError, TypeError):
                unwritable += 1
                continue
        print(json.dumps(test, ensure_ascii=False))
        written += 1
    print(f"{written} expressions: {refused} refused and {failed} failed there; left out: {listed} listed differences, "
          f"{unwritable} results that cannot be written", file=sys.stderr)


if __name__ == "__main__":
    main()
