"""tests/wire/dtd.py URL CLASS: every operation's answer beside what DSP0203, the DTD of CIM-XML, says of its
elements, as clients that parse strictly (pywbem) read it: contents, attributes, values of their types."""
import re
import sys
import urllib.request
import xml.etree.ElementTree as ET
from html import escape

VALUES = "VALUE|VALUE.REFERENCE|VALUE.ARRAY|VALUE.REFARRAY|CLASSNAME|INSTANCENAME|CLASS|INSTANCE|VALUE.NAMEDINSTANCE"
MEMBERS = "(PROPERTY|PROPERTY.ARRAY|PROPERTY.REFERENCE)*"
RETURNED = ("CLASSNAME INSTANCENAME VALUE VALUE.OBJECTWITHPATH VALUE.OBJECTWITHLOCALPATH VALUE.OBJECT OBJECTPATH "
            "QUALIFIER.DECLARATION CLASS INSTANCE INSTANCEPATH VALUE.NAMEDINSTANCE VALUE.INSTANCEWITHPATH").split()
CONTENTS = {
    "CIM": "MESSAGE",
    "MESSAGE": "SIMPLERSP|MULTIRSP",
    "MULTIRSP": "SIMPLERSP SIMPLERSP+",
    "SIMPLERSP": "METHODRESPONSE|IMETHODRESPONSE",
    "METHODRESPONSE": "ERROR|RETURNVALUE? PARAMVALUE*",
    "IMETHODRESPONSE": "ERROR|IRETURNVALUE? PARAMVALUE*",
    "ERROR": "INSTANCE*",
    "RETURNVALUE": "(VALUE|VALUE.REFERENCE)?",
    "IRETURNVALUE": "|".join(f"{one}*" for one in RETURNED) + "|VALUE.ARRAY?|VALUE.REFERENCE?",
    "PARAMVALUE": f"({VALUES})?",
    "CLASS": f"QUALIFIER* {MEMBERS} METHOD*",
    "INSTANCE": f"QUALIFIER* {MEMBERS}",
    "QUALIFIER": "(VALUE|VALUE.ARRAY)?",
    "PROPERTY": "QUALIFIER* VALUE?",
    "PROPERTY.ARRAY": "QUALIFIER* VALUE.ARRAY?",
    "PROPERTY.REFERENCE": "QUALIFIER* VALUE.REFERENCE?",
    "METHOD": "QUALIFIER* (PARAMETER|PARAMETER.REFERENCE|PARAMETER.ARRAY|PARAMETER.REFARRAY)*",
    "PARAMETER": "QUALIFIER*", "PARAMETER.REFERENCE": "QUALIFIER*",
    "PARAMETER.ARRAY": "QUALIFIER*", "PARAMETER.REFARRAY": "QUALIFIER*",
    "VALUE": "", "VALUE.NULL": "", "KEYVALUE": "", "HOST": "", "NAMESPACE": "", "CLASSNAME": "", "SCOPE": "",
    "VALUE.ARRAY": "(VALUE|VALUE.NULL)*",
    "VALUE.REFARRAY": "(VALUE.REFERENCE|VALUE.NULL)*",
    "VALUE.REFERENCE": "CLASSPATH|LOCALCLASSPATH|CLASSNAME|INSTANCEPATH|LOCALINSTANCEPATH|INSTANCENAME",
    "VALUE.NAMEDINSTANCE": "INSTANCENAME INSTANCE",
    "VALUE.OBJECT": "CLASS|INSTANCE",
    "VALUE.OBJECTWITHPATH": "CLASSPATH CLASS|INSTANCEPATH INSTANCE",
    "VALUE.OBJECTWITHLOCALPATH": "LOCALCLASSPATH CLASS|LOCALINSTANCEPATH INSTANCE",
    "VALUE.INSTANCEWITHPATH": "INSTANCEPATH INSTANCE",
    "OBJECTPATH": "INSTANCEPATH|CLASSPATH",
    "NAMESPACEPATH": "HOST LOCALNAMESPACEPATH",
    "LOCALNAMESPACEPATH": "NAMESPACE+",
    "CLASSPATH": "NAMESPACEPATH CLASSNAME",
    "LOCALCLASSPATH": "LOCALNAMESPACEPATH CLASSNAME",
    "INSTANCEPATH": "NAMESPACEPATH INSTANCENAME",
    "LOCALINSTANCEPATH": "LOCALNAMESPACEPATH INSTANCENAME",
    "INSTANCENAME": "KEYBINDING*|KEYVALUE?|VALUE.REFERENCE?",
    "KEYBINDING": "KEYVALUE|VALUE.REFERENCE",
    "QUALIFIER.DECLARATION": "SCOPE? (VALUE|VALUE.ARRAY)?",
}
# Of each element: what it must have, and what it may.
FLAVORS = "OVERRIDABLE TOSUBCLASS TOINSTANCE TRANSLATABLE"
ATTRIBUTES = {
    "CIM": ("CIMVERSION DTDVERSION", ""),
    "MESSAGE": ("ID PROTOCOLVERSION", ""),
    "METHODRESPONSE": ("NAME", ""), "IMETHODRESPONSE": ("NAME", ""),
    "ERROR": ("CODE", "DESCRIPTION"),
    "PARAMVALUE": ("NAME", "PARAMTYPE EmbeddedObject"),
    "CLASS": ("NAME", "SUPERCLASS"),
    "INSTANCE": ("CLASSNAME", "xml:lang"),
    "QUALIFIER": ("NAME TYPE", f"PROPAGATED {FLAVORS} xml:lang"),
    "PROPERTY": ("NAME TYPE", "CLASSORIGIN PROPAGATED EmbeddedObject xml:lang"),
    "PROPERTY.ARRAY": ("NAME TYPE", "ARRAYSIZE CLASSORIGIN PROPAGATED EmbeddedObject xml:lang"),
    "PROPERTY.REFERENCE": ("NAME", "REFERENCECLASS CLASSORIGIN PROPAGATED"),
    "METHOD": ("NAME", "TYPE CLASSORIGIN PROPAGATED"),
    "PARAMETER": ("NAME TYPE", ""), "PARAMETER.REFERENCE": ("NAME", "REFERENCECLASS"),
    "PARAMETER.ARRAY": ("NAME TYPE", "ARRAYSIZE"), "PARAMETER.REFARRAY": ("NAME", "REFERENCECLASS ARRAYSIZE"),
    "NAMESPACE": ("NAME", ""), "CLASSNAME": ("NAME", ""), "INSTANCENAME": ("CLASSNAME", ""),
    "KEYBINDING": ("NAME", ""), "KEYVALUE": ("", "VALUETYPE TYPE"),
    "QUALIFIER.DECLARATION": ("NAME TYPE", f"ISARRAY ARRAYSIZE {FLAVORS}"),
    "SCOPE": ("", "CLASS ASSOCIATION REFERENCE PROPERTY METHOD PARAMETER INDICATION"),
}
RANGES = {f"{sign}int{bits}": (0 if sign == "u" else -2 ** (bits - 1), 2 ** (bits if sign == "u" else bits - 1) - 1)
          for sign in "us" for bits in (8, 16, 32, 64)}
DATETIME = re.compile(r"(\d{14}|[\d*]{14})\.[\d*]{6}[-+:]\d{3}")
REAL = re.compile(r"[-+]?\d*\.\d+([eE][-+]?\d+)?|NaN|-?INF")
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def pattern_of(content):
    words = re.sub(r"[A-Z][A-Z.]*", lambda one: f"(?:{re.escape(one[0])} )", content)
    return re.compile(f"(?:{words.replace(') (', ')(').replace('* (', '*(').replace('? (', '?(')})")


PATTERNS = {name: pattern_of(content) for name, content in CONTENTS.items()}


def is_of(kind, text):
    if kind in RANGES:
        low, high = RANGES[kind]
        return re.fullmatch(r"-?\d+", text) is not None and low <= int(text) <= high
    if kind == "boolean":
        return text.upper() in ("TRUE", "FALSE")
    if kind == "datetime":
        return DATETIME.fullmatch(text) is not None
    if kind in ("real32", "real64"):
        return REAL.fullmatch(text) is not None
    return kind == "string" or (kind == "char16" and len(text.encode("utf-16-le")) == 2)


def complaints(text):
    said = []
    root = ET.fromstring(text)

    def visit(element, path):
        here = f"{path}/{element.tag}"
        if element.tag not in CONTENTS:
            said.append(f"{here}: there is no such element")
            return
        inside = "".join(f"{child.tag} " for child in element)
        if PATTERNS[element.tag].fullmatch(inside) is None:
            said.append(f"{here}: holds {inside}")
        required, optional = ATTRIBUTES.get(element.tag, ("", ""))
        given = {"xml:lang" if name == XML_LANG else name for name in element.keys()}
        for name in set(required.split()) - given:
            said.append(f"{here}: has no {name}")
        for name in given - set(required.split()) - set(optional.split()):
            said.append(f"{here}: has a {name}")
        if len(element) and (element.text or "").strip():
            said.append(f"{here}: text beside elements")
        if element.tag.startswith(("PROPERTY", "QUALIFIER")) and "TYPE" in element.keys():
            for value in element.iterfind(".//VALUE"):
                if value in [inner for one in element.iterfind("QUALIFIER") for inner in one.iter()]:
                    continue
                if not is_of(element.get("TYPE"), value.text or ""):
                    said.append(f"{here} {element.get('NAME')}: {value.text!r} is no {element.get('TYPE')}")
        if element.get("EmbeddedObject"):
            for value in element.iterfind("VALUE"):
                visit(ET.fromstring(value.text), f"{here}(embedded)")
        for child in element:
            visit(child, here)

    visit(root, "")
    return said


# Operations as pywbem, SBLIM's Java client and Pegasus' cimcli send them; what each must bring (an
# element, or an error's code).
def value(name, text):
    return f'<IPARAMVALUE NAME="{name}"><VALUE>{escape(text)}</VALUE></IPARAMVALUE>'


def of_class(name, of="ClassName"):
    return f'<IPARAMVALUE NAME="{of}"><CLASSNAME NAME="{name}"/></IPARAMVALUE>'


def listed(*names):
    return ('<IPARAMVALUE NAME="PropertyList"><VALUE.ARRAY>' + "".join(f"<VALUE>{one}</VALUE>" for one in names) +
            "</VALUE.ARRAY></IPARAMVALUE>")


def instance(class_name, key, of="InstanceName"):
    return (f'<IPARAMVALUE NAME="{of}"><INSTANCENAME CLASSNAME="{class_name}"><KEYBINDING NAME="InstanceName">'
            f'<KEYVALUE VALUETYPE="string">{escape(key)}</KEYVALUE></KEYBINDING></INSTANCENAME></IPARAMVALUE>')


class Asker:
    def __init__(self, url):
        self.url, self.failures, self.asked = url, 0, 0

    def ask(self, wanted, method, parameters="", name_space="root/wmi"):
        path = "".join(f'<NAMESPACE NAME="{one}"/>' for one in name_space.split("/"))
        body = (f'<?xml version="1.0" encoding="utf-8" ?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1001" '
                f'PROTOCOLVERSION="1.0"><SIMPLEREQ><IMETHODCALL NAME="{method}"><LOCALNAMESPACEPATH>{path}'
                f"</LOCALNAMESPACEPATH>{parameters}</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>")
        request = urllib.request.Request(f"{self.url}/cimom", body.encode(), {
            "Content-Type": 'application/xml; charset="utf-8"', "CIMOperation": "MethodCall", "CIMMethod": method,
            "CIMObject": name_space.replace("/", "%2F")})
        text = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20).read().decode()
        self.asked += 1
        said = complaints(text)
        if f"<{wanted}" not in text and f'<ERROR CODE="{wanted}"' not in text:
            said.append(f"no {wanted}: {text[:600]}")
        for one in said:
            print(f"{method} {parameters}: {one}")
        self.failures += len(said)
        return text


def run(url, class_name):
    asker = Asker(url)
    ask, flag = asker.ask, "TRUE"
    everything = value("LocalOnly", "FALSE") + value("IncludeQualifiers", flag) + value("IncludeClassOrigin", flag)
    names = re.findall(r"<KEYVALUE[^>]*>([^<]*)", ask("INSTANCENAME ", "EnumerateInstanceNames", of_class(class_name)))
    key = names[0]
    for more in ("", everything, listed("activesa", "InstanceName", "None"), value("DeepInheritance", "FALSE")):
        for of in (class_name, "Win32_Perf", "Test_Hostile"):
            ask("VALUE.NAMEDINSTANCE", "EnumerateInstances", of_class(of) + more)
        ask("VALUE.INSTANCEWITHPATH", "OpenEnumerateInstances", of_class(class_name) + more + value("MaxObjectCount", "9"))
    ask("INSTANCE ", "GetInstance", instance(class_name, key) + everything)
    ask("6", "GetInstance", instance(class_name, "none"))
    ask("4", "GetInstance", "")
    ask("5", "EnumerateInstances", of_class("None"))
    ask("3", "EnumerateInstances", of_class(class_name), "root/none")
    ask("VALUE", "GetProperty", instance(class_name, key) + value("PropertyName", "ActiveSA"))
    for name_space in ("root/wmi", "root/interop", "root/cimv2", "root"):
        ask("CLASS ", "EnumerateClasses", value("DeepInheritance", flag) + everything, name_space)
        ask("CLASSNAME ", "EnumerateClassNames", value("DeepInheritance", flag), name_space)
        ask("QUALIFIER.DECLARATION", "EnumerateQualifiers", "", name_space)
    ask("6", "GetClass", of_class("None"))
    ask("QUALIFIER.DECLARATION", "GetQualifier", value("QualifierName", "Key"))
    for query in (f"SELECT * FROM {class_name}", f"SELECT InstanceName, ActiveSA FROM {class_name}",
                  "SELECT * FROM meta_class", f"REFERENCES OF {{{class_name}='{key.replace(chr(92), chr(92) * 2)}'}}"):
        ask("VALUE.OBJECTWITHPATH", "ExecQuery", value("QueryLanguage", "WQL") + value("Query", query))
    ask("15", "ExecQuery", value("QueryLanguage", "WQL") + value("Query", "SELECT"))
    ask("14", "ExecQuery", value("QueryLanguage", "SQL") + value("Query", "SELECT"))
    for of, wanted in ((instance(class_name, key, "ObjectName"), "IRETURNVALUE"),
                       (of_class(class_name, "ObjectName"), "IRETURNVALUE")):
        for method in ("Associators", "AssociatorNames", "References", "ReferenceNames"):
            ask(wanted, method, of)
    for method in ("OpenAssociatorInstances", "OpenReferenceInstances", "OpenAssociatorInstancePaths",
                   "OpenReferenceInstancePaths"):
        ask("PARAMVALUE", method, instance(class_name, key) + value("MaxObjectCount", "9"))
    ask("25", "OpenAssociatorInstances", instance(class_name, key) + value("FilterQueryLanguage", "DMTF:FQL") +
        value("FilterQuery", "ActiveSA = 1"))
    ask("PARAMVALUE", "OpenQueryInstances", value("FilterQueryLanguage", "DMTF:CQL") + value(
        "FilterQuery", f"SELECT InstanceName FROM {class_name}") + value("ReturnQueryResultClass", flag))
    # A pull, as pywbem's iterators do it: by threes, then to the end.
    text = ask("PARAMVALUE", "OpenEnumerateInstances", of_class(class_name) + value("MaxObjectCount", "1"))
    seen = text.count("<VALUE.INSTANCEWITHPATH>")
    while ">FALSE</VALUE></PARAMVALUE>" in text:
        context = re.search(r'NAME="EnumerationContext"[^>]*><VALUE>([^<]*)', text)[1]
        ask("IRETURNVALUE", "PullInstancesWithPath", value("EnumerationContext", context) + value("MaxObjectCount", "0"))
        text = ask("PARAMVALUE", "PullInstancesWithPath",
                   value("EnumerationContext", context) + value("MaxObjectCount", "3"))
        seen += text.count("<VALUE.INSTANCEWITHPATH>")
    if seen != len(names):
        print(f"{seen} instances were pulled, {len(names)} are there")
        asker.failures += 1
    # What a client discovers a server by (pywbem's WBEMServer).
    found = ask("VALUE.NAMEDINSTANCE", "EnumerateInstances", of_class("CIM_Namespace"), "interop")
    for name_space in ("interop", "root/interop", "root/wmi"):
        if f"<VALUE>{name_space}</VALUE>" not in found:
            print(f"CIM_Namespace has no {name_space}")
            asker.failures += 1
    ask("VALUE.NAMEDINSTANCE", "EnumerateInstances", of_class("CIM_ObjectManager"), "root/interop")
    ask("IRETURNVALUE", "EnumerateInstances", of_class("CIM_RegisteredProfile"), "root/interop")
    ask("3", "EnumerateInstanceNames", of_class("CIM_Namespace"), "root/PG_InterOp")
    print(f"{asker.asked} answers, {asker.failures} complaints")
    return asker.failures != 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2]))
