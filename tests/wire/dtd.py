"""What DSP0203, the DTD of CIM-XML, says of an answer's elements: complaints(text) lists what breaks it. As
clients that parse strictly (pywbem) read it: contents, attributes, values of their types."""
import re
import xml.etree.ElementTree as ET

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
