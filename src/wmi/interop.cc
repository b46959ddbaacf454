#include "wmi/interop.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/text.h"
#include "wmi/wql_schema.h"

namespace qm::wmi {
namespace {

// Those parts of the CIM schema's classes that a service like this one can fill.
constexpr std::string_view kClasses = R"(
#pragma namespace("\\\\.\\root\\interop")
[Abstract, Description("What a management system knows of")]
class CIM_ManagedElement
{
  [read, MaxLen(64), Description("One line about it")] string Caption;
  [read, Description("What it is")] string Description;
  [read, Description("A name for people")] string ElementName;
};
[Description("A namespace of this object manager")]
class CIM_Namespace : CIM_ManagedElement
{
  [read, key, MaxLen(256)] string SystemCreationClassName;
  [read, key, MaxLen(256)] string SystemName;
  [read, key, MaxLen(256)] string ObjectManagerCreationClassName;
  [read, key, MaxLen(256)] string ObjectManagerName;
  [read, key, MaxLen(256)] string CreationClassName;
  [read, key, MaxLen(256), Description("As clients write it: root/wmi")] string Name;
  [read, ValueMap{"0", "1"}, Values{"Unknown", "Other"}] uint16 ClassInfo;
};
[Description("The service that answers")]
class CIM_ObjectManager : CIM_ManagedElement
{
  [read, key, MaxLen(256)] string SystemCreationClassName;
  [read, key, MaxLen(256)] string SystemName;
  [read, key, MaxLen(256)] string CreationClassName;
  [read, key, MaxLen(256)] string Name;
  [read] boolean GatherStatisticalData;
  [read] boolean Started;
  [read, ValueMap{"2"}, Values{"OK"}] uint16 OperationalStatus[];
};
[Description("How an object manager is talked to")]
class CIM_ObjectManagerCommunicationMechanism : CIM_ManagedElement
{
  [read, key, MaxLen(256)] string SystemCreationClassName;
  [read, key, MaxLen(256)] string SystemName;
  [read, key, MaxLen(256)] string CreationClassName;
  [read, key, MaxLen(256)] string Name;
  [read, ValueMap{"0", "1", "2"}, Values{"Unknown", "Other", "CIM-XML"}]
  uint16 CommunicationMechanism;
  [read, ValueMap{"2", "6", "7", "8"},
   Values{"Basic Read", "Association Traversal", "Query Execution", "Qualifier Declaration"}]
  uint16 FunctionalProfilesSupported[];
  [read] boolean MultipleOperationsSupported;
  [read, ValueMap{"2", "3"}, Values{"None", "Basic"}] uint16 AuthenticationMechanismsSupported[];
  [read] string Version;
};
[Description("A management profile that is implemented here: none is")]
class CIM_RegisteredProfile : CIM_ManagedElement
{
  [read, key] string InstanceID;
  [read, ValueMap{"1", "2"}, Values{"Other", "DMTF"}] uint16 RegisteredOrganization;
  [read] string OtherRegisteredOrganization;
  [read, MaxLen(256)] string RegisteredName;
  [read] string RegisteredVersion;
  [read, ValueMap{"1", "2", "3"}, Values{"Other", "Not Advertised", "SLP"}]
  uint16 AdvertiseTypes[];
  [read] string AdvertiseTypeDescriptions[];
};
[Description("How it is talked to by CIM-XML")]
class CIM_CIMXMLCommunicationMechanism : CIM_ObjectManagerCommunicationMechanism
{
  [read] boolean CIMValidated;
  [read, ValueMap{"0", "1"}, Values{"Unknown", "1.0"}] uint16 CIMXMLProtocolVersion;
};
)";

constexpr std::string_view kManager = "CIM_ObjectManager";
constexpr std::string_view kManagerName = "quickmode";

using Named = std::map<std::string, Value, std::less<>>;

Value text(std::string_view value) {
  return {std::string(value)};
}

Value numbers(std::initializer_list<std::uint64_t> values) {
  ValueList list;
  for (const std::uint64_t one : values) list.push_back({one});
  return {std::move(list)};
}

Named of_system(const wql::Setting& setting, std::string_view class_name, std::string_view name) {
  return {{"SystemCreationClassName", text("CIM_ComputerSystem")},
          {"SystemName", text(setting.host)},
          {"CreationClassName", text(class_name)},
          {"Name", text(name)},
          {"ElementName", text(name)}};
}

std::vector<Named> name_space_rows(const wql::Setting& setting, const Repository& repository) {
  std::vector<Named> out;
  std::vector<std::string> names = wql::name_spaces(repository);
  // DSP1033's own name for it, by which it answers CIM-XML as well.
  if (std::ranges::find(names, "root\\interop") != names.end()) names.emplace_back("interop");
  for (std::string& name : names) {
    for (char& c : name) {
      if (c == '\\') c = '/';
    }
    Named row = of_system(setting, "CIM_Namespace", name);
    row["ObjectManagerCreationClassName"] = text(kManager);
    row["ObjectManagerName"] = text(kManagerName);
    row["ClassInfo"] = {std::uint64_t{0}};
    out.push_back(std::move(row));
  }
  return out;
}

Named manager_row(const wql::Setting& setting) {
  Named row = of_system(setting, kManager, kManagerName);
  row["Description"] = text("quickmode-serve: WMI classes of iSCSI adapters and their IPsec");
  row["GatherStatisticalData"] = {false};
  row["Started"] = {true};
  row["OperationalStatus"] = numbers({2});
  return row;
}

Named mechanism_row(const wql::Setting& setting) {
  Named row = of_system(setting, "CIM_CIMXMLCommunicationMechanism", "CIM-XML");
  row["CommunicationMechanism"] = {std::uint64_t{2}};
  row["FunctionalProfilesSupported"] = numbers({2, 6, 7, 8});
  row["MultipleOperationsSupported"] = {true};
  row["AuthenticationMechanismsSupported"] = numbers({2});
  row["Version"] = text("1.0");
  row["CIMValidated"] = {false};
  row["CIMXMLProtocolVersion"] = {std::uint64_t{1}};
  return row;
}

}  // namespace

const Repository& interop_classes() {
  static const EmbeddedFile file{"interop.mof", kClasses};
  static const std::shared_ptr<const Repository> classes =
      Repository::compile({&file, 1}).value_or(nullptr);
  QM_ASSERT(classes != nullptr);
  return *classes;
}

std::vector<std::vector<Value>> interop_rows(const ClassEntry& one, const wql::Setting& setting,
                                             const Repository& repository) {
  std::vector<Named> rows;
  if (same_name(one.name(), "CIM_Namespace")) rows = name_space_rows(setting, repository);
  if (same_name(one.name(), kManager)) rows.push_back(manager_row(setting));
  if (same_name(one.name(), "CIM_CIMXMLCommunicationMechanism")) {
    rows.push_back(mechanism_row(setting));
  }
  std::vector<std::vector<Value>> out;
  for (const Named& row : rows) {
    std::vector<Value>& values = out.emplace_back();
    for (const PropertyEntry& entry : one.properties) {
      const auto at = row.find(entry.property->name);
      values.push_back(at == row.end() ? Value{} : at->second);
    }
  }
  return out;
}

}  // namespace qm::wmi
