#include "mof/c_stubs.h"

#include <fmt/format.h>

#include <cctype>
#include <iterator>

namespace qm::mof {
namespace {

// One callback of wmilib: its name and what follows the fixed parameters.
struct Callback {
  std::string_view name;
  std::string_view parameters;
  std::string_view what;
  bool instances;  // sees an instance index
};

constexpr Callback kCallbacks[] = {
    {"QueryWmiDataBlock",
     "    IN ULONG InstanceIndex,\n    IN ULONG InstanceCount,\n"
     "    IN OUT PULONG InstanceLengthArray,\n    IN ULONG BufferAvail,\n    OUT PUCHAR Buffer",
     "Fills Buffer with the data block, and InstanceLengthArray[0] with its size.", true},
    {"SetWmiDataBlock",
     "    IN ULONG InstanceIndex,\n    IN ULONG BufferSize,\n    IN PUCHAR Buffer",
     "Takes a whole data block.", true},
    {"SetWmiDataItem",
     "    IN ULONG InstanceIndex,\n    IN ULONG DataItemId,\n    IN ULONG BufferSize,\n"
     "    IN PUCHAR Buffer",
     "Takes one data item.", true},
    {"ExecuteWmiMethod",
     "    IN ULONG InstanceIndex,\n    IN ULONG MethodId,\n    IN ULONG InBufferSize,\n"
     "    IN ULONG OutBufferSize,\n    IN OUT PUCHAR Buffer",
     "Runs a method: its input lies in Buffer, its output goes there.", true},
    {"WmiFunctionControl", "    IN WMIENABLEDISABLECONTROL Function,\n    IN BOOLEAN Enable",
     "Is told when somebody begins and ends to collect expensive data or events.", false}};

// "iscsiprf.h" -> "Iscsiprf": the names of all functions begin with it.
std::string prefix_of(std::string_view header) {
  std::string prefix;
  for (const char c : header.substr(0, header.find('.'))) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) prefix += c;
  }
  if (prefix.empty() || std::isdigit(static_cast<unsigned char>(prefix[0])) != 0) {
    prefix = "Driver" + prefix;
  }
  prefix[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(prefix[0])));
  return prefix;
}

std::string index_name(const Class& one) {
  return one.name + "_GUID_INDEX";
}

void append_cases(std::string& out, const Model& model, std::string_view callback) {
  const auto to = std::back_inserter(out);
  for (const Class& one : model.classes) {
    if (!one.guid()) continue;
    const bool methods = callback == "ExecuteWmiMethod";
    if (methods && one.methods.empty()) continue;
    fmt::format_to(to, "    case {}:\n", index_name(one));
    if (callback == "QueryWmiDataBlock") {
      const Layout layout = layout_of(model, one);
      if (layout.fixed && layout.bytes != 0) {
        fmt::format_to(to,
                       "        sizeNeeded = {0}_SIZE;\n        if (BufferAvail < sizeNeeded) {{\n"
                       "            status = STATUS_BUFFER_TOO_SMALL;\n            break;\n"
                       "        }}\n"
                       "        /* Fill ({0} *)Buffer here. */\n"
                       "        *InstanceLengthArray = sizeNeeded;\n"
                       "        status = STATUS_SUCCESS;\n",
                       one.name);
      }
    } else if (methods) {
      out += "        switch (MethodId) {\n";
      for (const Method& method : one.methods) {
        fmt::format_to(to, "        case {}:\n            break;\n", method.name);
      }
      out +=
          "        default:\n            status = STATUS_WMI_ITEMID_NOT_FOUND;\n"
          "            break;\n        }\n";
    }
    out += "        break;\n\n";
  }
}

void append_callback(std::string& out, const Model& model, const std::string& prefix,
                     const Callback& callback) {
  const auto to = std::back_inserter(out);
  const bool sized = callback.name == "QueryWmiDataBlock" || callback.name == "ExecuteWmiMethod";
  fmt::format_to(to,
                 "/* {} */\nNTSTATUS\n{}{}(\n    IN PDEVICE_OBJECT DeviceObject,\n"
                 "    IN PIRP Irp,\n    IN ULONG GuidIndex,\n{}\n    )\n{{\n"
                 "    NTSTATUS status = STATUS_WMI_GUID_NOT_FOUND;\n{}\n"
                 "    switch (GuidIndex) {{\n",
                 callback.what, prefix, callback.name, callback.parameters,
                 sized ? "    ULONG sizeNeeded = 0;\n" : "");
  append_cases(out, model, callback.name);
  fmt::format_to(to,
                 "    default:\n        break;\n    }}\n\n"
                 "    return WmiCompleteRequest(DeviceObject, Irp, status, {}, IO_NO_INCREMENT);\n"
                 "}}\n\n",
                 sized ? "sizeNeeded" : "0");
}

}  // namespace

std::string emit_c_stubs(const Model& model, std::string_view header) {
  const std::string prefix = prefix_of(header);
  std::string out;
  const auto to = std::back_inserter(out);
  fmt::format_to(to,
                 "#include <wdm.h>\n#include <wmistr.h>\n#include <wmilib.h>\n"
                 "#include \"{}\"\n\n",
                 header);
  std::size_t index = 0;
  std::string list;
  for (const Class& one : model.classes) {
    if (!one.guid()) continue;
    fmt::format_to(to, "#define {} {}\n", index_name(one), index++);
    fmt::format_to(std::back_inserter(list), "    {{ &{}_GUID, 1, 0 }},\n", one.name);
  }
  fmt::format_to(to,
                 "\n/* What the driver registers: GUID, number of instances, flags. */\n"
                 "WMIGUIDREGINFO {0}GuidList[] = {{\n{1}}};\n\n"
                 "#define {0}GuidCount (sizeof({0}GuidList) / sizeof(WMIGUIDREGINFO))\n\n",
                 prefix, list);
  for (const Callback& callback : kCallbacks) append_callback(out, model, prefix, callback);
  return out;
}

}  // namespace qm::mof
