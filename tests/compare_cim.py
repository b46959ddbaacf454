#!/usr/bin/env python3
"""Compares what mofc understood of CIM classes with a reading of the same text that shares no code.

    tests/compare_cim.py MOFC SCHEMA_FOLDER [CLASSES]

The reading below knows only what the CIM schema's text uses: classes, properties, methods,
qualifiers with flavors, their declarations, and literals. Every property, qualifier, value and
flavor of the sample must agree, and every declaration's type, default, scopes and flavors, which
are the flavors of all that say none of their own. Exit code 0 when it does, 1 when not.
"""
import json
import pathlib
import random
import re
import subprocess
import sys

TOKEN = re.compile(
    r'\s+|//[^\n]*|/\*.*?\*/|(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>[A-Za-z_]\w*)'
    r"|(?P<number>[-+]?(?:0[xX][0-9a-fA-F]+|\d+\.\d+(?:[eE][-+]?\d+)?|\d+))|(?P<mark>[^\s\w])",
    re.S)
ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "'": "'", "\\": "\\"}
BASIC = {"boolean", "char16", "uint8", "sint8", "uint16", "sint16", "uint32", "sint32", "uint64",
         "sint64", "real32", "real64", "string", "datetime"}


def tokens_of(text):
    out = []
    for match in TOKEN.finditer(text):
        if match.lastgroup:
            out.append((match.lastgroup, match.group()))
    return out


def unquoted(literal):
    def one(match):
        if match.group(1):
            return chr(int(match.group(1), 16))
        return ESCAPES[match.group(2)]
    return re.sub(r"\\(?:[xX]([0-9a-fA-F]{1,4})|(.))", one, literal[1:-1], flags=re.S)


class Reading:
    def __init__(self, text):
        self.tokens = tokens_of(text)
        self.at = 0

    def peek(self, ahead=0):
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else ("end", "")

    def take(self, text=None):
        kind, found = self.peek()
        if text is not None and found.lower() != text:
            raise SyntaxError(f"{text!r} expected, {found!r} found")
        self.at += 1
        return found

    def taken(self, text):
        if self.peek()[1].lower() != text:
            return False
        self.at += 1
        return True

    def value(self):
        kind, text = self.peek()
        if kind == "string":
            whole = ""
            while self.peek()[0] == "string":
                whole += unquoted(self.take())
            return whole
        self.at += 1
        if text == "{":
            values = []
            while not self.taken("}"):
                values.append(self.value())
                self.taken(",")
            return values
        if kind == "number":
            digits = text.lstrip("+-")
            if "." in digits:
                return float(text)
            octal = len(digits) > 1 and digits[0] == "0" and digits[1] not in "xX"
            return int(text, 8) if octal else int(text, 0)
        words = {"true": True, "false": False, "null": None}
        return words[text.lower()]

    def qualifiers(self):
        found = []
        if not self.taken("["):
            return found
        while not self.taken("]"):
            name = self.take()
            value = True
            if self.taken("("):
                value = self.value()
                self.take(")")
            elif self.peek()[1] == "{":
                value = self.value()
            flavors = []
            if self.taken(":"):
                while self.peek()[0] == "word":
                    flavors.append(self.take().lower())
            found.append({"name": name, "value": value, "flavors": sorted(flavors)})
            self.taken(",")
        return found

    def typed(self):
        name = self.take()
        basic = name.lower() in BASIC
        one = {"type": name.lower() if basic else "object"}
        if not basic:
            one["class"] = name
            if self.peek()[1].lower() == "ref" and self.peek(1)[0] == "word":
                self.take()
                one["type"] = "ref"
        return one

    def bounds(self, one, key):
        one[key] = self.taken("[")
        if one[key]:
            if self.peek()[0] == "number":
                one["array_size"] = int(self.take())
            self.take("]")

    def parameter(self):
        qualifiers = self.qualifiers()
        one = self.typed()
        one["name"] = self.take()
        self.bounds(one, "array")
        one["qualifiers"] = qualifiers
        return one

    def declaration(self):
        self.take("qualifier")
        one = {"name": self.take(), "scopes": [], "flavors": []}
        self.take(":")
        one["type"] = self.take().lower()
        self.bounds(one, "array")
        if self.taken("="):
            one["default"] = self.value()
        while self.taken(","):
            words = {"scope": "scopes", "flavor": "flavors"}[self.take().lower()]
            self.take("(")
            while not self.taken(")"):
                one[words].append(self.take().lower())
                self.taken(",")
        self.take(";")
        one["flavors"].sort()
        return one

    def the_class(self):
        one = {"qualifiers": self.qualifiers(), "properties": [], "methods": []}
        self.take("class")
        one["name"] = self.take()
        if self.taken(":"):
            one["superclass"] = self.take()
        self.take("{")
        while not self.taken("}"):
            member = self.parameter()
            if self.taken("("):
                method = {"name": member["name"], "return_type": member["type"],
                          "returns_array": member["array"], "qualifiers": member["qualifiers"],
                          "parameters": []}
                if "class" in member:
                    method["return_class"] = member["class"]
                while not self.taken(")"):
                    method["parameters"].append(self.parameter())
                    self.taken(",")
                one["methods"].append(method)
            else:
                if self.taken("="):
                    member["default"] = self.value()
                one["properties"].append(member)
            self.take(";")
        self.take(";")
        return one


def plain(one):
    """What mofc dumped, without what the text itself does not say."""
    if isinstance(one, list):
        return [plain(each) for each in one]
    if not isinstance(one, dict):
        return one
    kept = {key: plain(value) for key, value in one.items()
            if key not in ("layout", "namespace", "guid")}
    if "flavors" in kept:
        kept["flavors"] = sorted(word.lower() for word in kept["flavors"])
    return kept


def main():
    mofc, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    sample = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    dump = subprocess.run([mofc, "dump", "--json", folder / "cim_schema_2.49.0.mof"],
                          stdout=subprocess.PIPE, check=True)
    model = json.loads(dump.stdout)
    classes = {one["name"]: plain(one) for one in model["classes"]}
    assert len(classes) == 1631, len(classes)
    assert len(model["qualifier_declarations"]) == 70, len(model["qualifier_declarations"])
    paths = sorted(path for path in folder.rglob("CIM_*.mof"))
    random.Random(249).shuffle(paths)
    differences = 0
    compared = 0
    read = []
    for path in sorted(folder.glob("*qualifiers*.mof")):
        reading = Reading(re.sub(r"^\s*#.*$", "", path.read_text(encoding="utf-8"), flags=re.M))
        while reading.peek()[0] != "end":
            read.append(reading.declaration())
    declared = [plain(one) for one in model["qualifier_declarations"]]
    by_name = lambda one: one["name"]
    if sorted(read, key=by_name) != sorted(declared, key=by_name):
        differences += 1
        for one in read:
            if one not in declared:
                print(f"qualifier {one['name']}:\n  read   {one}\n"
                      f"  mofc   {[d for d in declared if d['name'] == one['name']]}")
    for path in paths[:sample]:
        reading = Reading(path.read_text(encoding="utf-8")).the_class()
        compared += 1
        if reading != classes.get(reading["name"]):
            differences += 1
            print(f"{path.name}:\n  read   {json.dumps(reading, sort_keys=True)[:2000]}\n"
                  f"  mofc   {json.dumps(classes.get(reading['name']), sort_keys=True)[:2000]}")
    print(f"{compared} classes and {len(read)} qualifier declarations compared, {differences} differ")
    return 1 if differences or compared < sample else 0


if __name__ == "__main__":
    sys.exit(main())
