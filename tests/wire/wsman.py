"""tests/wire/wsman.py URL INSTANCES.JSON CLASS TOOLS wsman-CLASS.json…: what python3-winrm, which speaks to Windows,
is told by quickmode-serve. Its own envelopes go over its own transport; every instance and value
must be the JSON API's."""
import json
import sys
import uuid
import xml.etree.ElementTree as ET

url, instances_path, wmi_class, tools = sys.argv[1:5]
sys.path.append(tools)  # behind the system's own
try:
    import xmltodict
    from winrm.exceptions import WinRMError, WinRMOperationTimeoutError
    from winrm.protocol import Protocol
except ImportError as error:
    print(f"skip python3-winrm: {error}")
    sys.exit(0)

N = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
W = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
S = "http://www.w3.org/2003/05/soap-envelope"
CIM = "http://schemas.dmtf.org/wbem/wscim/1/common"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
ROOT = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/wmi/"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
EVENTING = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
failures = 0
client = Protocol(endpoint=url + "/wsman", transport="basic", username="reader", password="correct horse")


def check(what, fine, said=""):
    global failures
    print(f"{'ok  ' if fine else 'FAIL'} winrm: {what}")
    if not fine:
        failures += 1
        print(str(said)[:2000])


def ask(action, uri, body=None, selectors=None, headers=None):
    """The first element of the answer's body; the client raises what a fault says."""
    envelope = client._get_soap_header(resource_uri=uri, action=action, message_id=uuid.uuid4())
    if selectors:
        envelope["env:Header"]["w:SelectorSet"] = {
            "w:Selector": [{"@Name": name, "#text": text} for name, text in selectors.items()]}
    envelope["env:Header"].update(headers or {})
    envelope["env:Body"] = body or {}
    said = client.send_message(xmltodict.unparse({"env:Envelope": envelope}))
    return next(iter(ET.fromstring(said).find(f"{{{S}}}Body")), None)


def enumerate_with(uri, inside):
    return ask(N + "/Enumerate", uri, {"n:Enumerate": {"@xmlns:n": N, **inside}})


def pull(context, most=None, uri=ROOT + wmi_class):
    inside = {"@xmlns:n": N, "n:EnumerationContext": context}
    if most:
        inside["n:MaxElements"] = str(most)
    return ask(N + "/Pull", uri, {"n:Pull": inside})


def items(answer):
    found = answer.find(f"{{{W}}}Items")
    if found is None:
        found = answer.find(f"{{{N}}}Items")
    return list(found if found is not None else [])


def value(element):
    if element.get(NIL) == "true":
        return None
    inner = element.find(f"{{{CIM}}}Datetime")
    return element.text if inner is None else inner.text


def properties(instance):
    return {element.tag.split("}")[1]: value(element) for element in instance}


def as_text(one):
    if one is None or isinstance(one, str):
        return one or None
    return str(one).lower() if isinstance(one, bool) else str(one)


def fault(what, number, *call, **more):
    try:
        ask(*call, **more)
        check(what, False, "no fault")
    except WinRMError as error:
        check(what, number in str(error), error)


truth = [{name: as_text(one) for name, one in instance["properties"].items()}
         for instance in json.load(open(instances_path))["instances"]]
OPTIMIZED = {"w:OptimizeEnumeration": None, "w:MaxElements": "1000"}

everything = enumerate_with(ROOT + wmi_class, OPTIMIZED)
told = [properties(one) for one in items(everything)]
check("every instance, every value, every NULL is the JSON API's",
      [{k: v or None for k, v in one.items()} for one in told] == truth, f"{told}\n{truth}")
check("the end is said", everything.find(f"{{{W}}}EndOfSequence") is not None)

context = enumerate_with(ROOT + wmi_class, {}).find(f"{{{N}}}EnumerationContext").text
one_by_one = []
while context:
    answer = pull(context)
    one_by_one += items(answer)
    found = answer.find(f"{{{N}}}EnumerationContext")
    context = found.text if found is not None else None
check("one at a time gives the same", [properties(one) for one in one_by_one] == told)

for path in sys.argv[5:]:  # NULLs, and names and texts that no XML may hold as they are
    other = path.split("wsman-")[1].removesuffix(".json")
    wanted = [{name: as_text(one) for name, one in instance["properties"].items()}
              for instance in json.load(open(path))["instances"]]
    said = [properties(one) for one in items(enumerate_with(ROOT + other, OPTIMIZED))]
    check(f"so it is of {other}", wanted and [{k: v or None for k, v in one.items()}
                                              for one in said] == wanted, f"{said}\n{wanted}")

first = told[0]["InstanceName"]
got = ask(TRANSFER + "/Get", ROOT + wmi_class, selectors={"InstanceName": first})
check("Get finds an instance by its name", properties(got) == told[0], got)
query = f"SELECT * FROM {wmi_class} WHERE InstanceName = '{first}'".replace("\\", "\\\\")
filtered = enumerate_with(ROOT + "*",
                          {**OPTIMIZED, "w:Filter": {"@Dialect": WQL, "#text": query}})
check("a WQL filter finds it, too", [properties(one) for one in items(filtered)] == told[:1])
schema = ask(TRANSFER + "/Get", "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*",
             selectors={"ClassName": wmi_class, "__cimnamespace": "root/wmi"})
check("the class is fetched", schema.tag.endswith("CLASS") and schema.get("NAME") == wmi_class and
      len(schema.findall("PROPERTY")) == len(told[0]), ET.tostring(schema)[:500])

fault("no such class", "2147749904", N + "/Enumerate", ROOT + "None",
      {"n:Enumerate": {"@xmlns:n": N}})
fault("no such instance", "2150858752", TRANSFER + "/Get", ROOT + wmi_class,
      selectors={"InstanceName": "nobody"})
fault("a wrong query", "2147749911", N + "/Enumerate", ROOT + "*",
      {"n:Enumerate": {"@xmlns:n": N, "w:Filter": {"@Dialect": WQL, "#text": "SELECT"}}})
fault("nothing can be changed", "ActionNotSupported", TRANSFER + "/Put", ROOT + wmi_class)
fault("no such context", "InvalidEnumerationContext", N + "/Pull", ROOT + wmi_class,
      {"n:Pull": {"@xmlns:n": N, "n:EnumerationContext": "none"}})

events = ask(EVENTING + "/Subscribe", ROOT + "*", {"e:Subscribe": {
    "@xmlns:e": EVENTING,
    "e:Delivery": {"@Mode": "http://schemas.dmtf.org/wbem/wsman/1/wsman/Pull"},
    "w:Filter": {"@Dialect": WQL,
                 "#text": "SELECT * FROM __InstanceModificationEvent WITHIN 0.1 WHERE "
                          f"TargetInstance ISA '{wmi_class}'"}}})
context = events.find(f"{{{N}}}EnumerationContext").text
client.operation_timeout_sec = 1
try:
    pull(context, 10, ROOT + "*")
    check("nothing happens while nothing happens", False)
except WinRMOperationTimeoutError:
    check("nothing happens while nothing happens", True)
open(instances_path + ".go", "w").close()  # the numbers move again
client.operation_timeout_sec = 20
changed = items(pull(context, 10, ROOT + "*"))
check("then events come", changed and changed[0].tag.endswith("__InstanceModificationEvent"), changed)
sys.exit(failures != 0)
