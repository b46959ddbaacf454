#!/usr/bin/env python3
"""compare.py INSTANCES.json EI EIN GI CLASS NULLS: what wbemcli printed beside the JSON API.

Every property of every instance must be there, numbers exact; there must be NULLS values at least
that are NULL, and they are printed without a value.
"""
import json
import re
import sys


def unquoted(text):
    """A value as wbemcli prints it: in quotes where it is text, backslashes doubled."""
    if len(text) >= 2 and text[0] == '"' and text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def printed(path):
    """Instances of a listing made with -nl: a path, then lines of -Property=value."""
    instances = []
    with open(path, encoding="utf-8") as lines:
        for line in lines.read().split("\n"):
            if line.startswith("-"):
                name, _, value = line[1:].partition("=")
                instances[-1][1][name] = value
            elif line:
                instances.append((line, {}))
    return instances


def text_of(value):
    if isinstance(value, bool):
        return str(value).upper()
    return str(value)


def compare(instance, properties, where):
    wrong = []
    for name, value in instance["properties"].items():
        if name not in properties:
            wrong.append(f"{where}: {name} is missing")
        elif value is None:
            if unquoted(properties[name]) != "":
                wrong.append(f"{where}: {name} is {properties[name]}, but NULL")
        elif unquoted(properties[name]) != text_of(value):
            wrong.append(f"{where}: {name} is {properties[name]}, not {value}")
    return wrong


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        answer = json.load(file)
    listed, got = printed(sys.argv[2]), printed(sys.argv[4])
    with open(sys.argv[3], encoding="utf-8") as file:
        paths = [line for line in file.read().split("\n") if line]
    by_name = {}
    for instance in answer["instances"]:
        by_name[instance["properties"]["InstanceName"]] = instance
    wrong = []
    if len(listed) != len(by_name) or len(paths) != len(by_name) or len(got) != 1:
        wrong.append(f"{len(by_name)} instances, {len(listed)} listed, {len(paths)} named, "
                     f"{len(got)} got")
    nulls = 0
    for path, properties in listed + got:
        name = unquoted(properties.get("InstanceName", ""))
        if name not in by_name:
            wrong.append(f"there is no instance {name}")
            continue
        if not re.search(rf":{re.escape(sys.argv[5])}\.InstanceName=", path):
            wrong.append(f"{path} is no path of it")
        nulls += sum(value is None for value in by_name[name]["properties"].values())
        wrong += compare(by_name[name], properties, name)
    if nulls < int(sys.argv[6]):
        wrong.append(f"only {nulls} values were NULL: this shows less than it should")
    print("\n".join(wrong[:40]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
