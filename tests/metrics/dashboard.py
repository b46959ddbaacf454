"""dashboard.py ENGINE all|PREFIX...: every query of deploy/grafana/quickmode.json is one that the
engine understands; and those whose metrics all begin with a PREFIX give data (all: but for that of
qualities, which is empty where all is exact). Fails with what does not."""
import json
import pathlib
import re
import sys
import urllib.parse
import urllib.request

DASHBOARD = pathlib.Path(__file__).parents[2] / "deploy/grafana/quickmode.json"
# What Grafana puts in their place; "All" of a variable that allows it is .*
GIVEN = {"$__rate_interval": "1m", "$__range": "15m", "$host": ".*", "$adapter": ".*"}


def expressions(node):
    """Those of panels; and those that fill the variables, as PromQL."""
    if isinstance(node, dict):
        if isinstance(node.get("expr"), str):
            yield node["expr"]
        found = re.fullmatch(r"label_values\((.*), *(\w+)\)", str(node.get("definition", "")))
        if found:
            yield f"count by ({found[2]}) ({found[1]})"
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from expressions(one)


def ask(engine, query):
    url = f"{engine}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def main():
    engine, prefixes = sys.argv[1], tuple(sys.argv[2:])
    wrong, with_data = [], 0
    queries = list(expressions(json.loads(DASHBOARD.read_text(encoding="utf-8"))))
    for query in queries:
        asked = query
        for name, text in GIVEN.items():
            asked = asked.replace(name, text)
        answer = ask(engine, asked)
        names = re.findall(r"quickmode_\w+", query)
        if prefixes == ("all",):
            expected = not any(one.endswith("_quality") for one in names)
        else:
            expected = all(one.startswith(prefixes) for one in names)
        if answer["status"] != "success":
            wrong.append(f"{query}: {answer.get('error')}")
        elif expected and not answer["data"]["result"]:
            wrong.append(f"{query}: no data")
        else:
            with_data += expected
    print("\n".join(wrong) or f"{len(queries)} queries; {with_data} were to give data, and do")
    sys.exit(1 if wrong or with_data < 10 else 0)


main()
