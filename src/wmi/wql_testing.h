// For tests of WQL: a namespace with a class of every type, its instances, and questions to them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wmi/repository_testing.h"
#include "wmi/source_testing.h"
#include "wmi/wql.h"

namespace qm::wmi::wql {

inline constexpr std::string_view kTestClasses = R"(
[abstract] class Test_Base { [read] string Caption; };
class Test_Inner { [WmiDataId(1)] uint32 Deep; [WmiDataId(2), MaxLen(7)] string Word; };
[WMI, guid("{5a1e2f00-0000-4000-8000-000000000001}")]
class Test_All : Test_Base {
  [key, read] string InstanceName;
  [read] boolean Active;
  [WmiDataId(1)] uint8 U8;
  [WmiDataId(2)] sint8 S8;
  [WmiDataId(3)] uint16 U16;
  [WmiDataId(4)] sint16 S16;
  [WmiDataId(5)] uint32 U32;
  [WmiDataId(6)] sint32 S32;
  [WmiDataId(7)] uint64 U64;
  [WmiDataId(8)] sint64 S64;
  [WmiDataId(9)] real32 R32;
  [WmiDataId(10)] real64 R64;
  [WmiDataId(11)] boolean Flag;
  [WmiDataId(12)] char16 Letter;
  [WmiDataId(13), MaxLen(31)] string Text;
  [WmiDataId(14), MaxLen(31)] string Other;
  [WmiDataId(15)] datetime When;
  [WmiDataId(16)] uint32 List[3];
  [WmiDataId(17)] Test_Inner Inner;
};
[WMI, guid("{5a1e2f00-0000-4000-8000-000000000002}")]
class Test_Small : Test_Base {
  [key, read] string InstanceName;
  [read] boolean Active;
  [WmiDataId(1)] uint64 U64;
};
class Test_Fixed { [key] string Name; uint32 Number = 7; };
instance of Test_Fixed { Name = "one"; Number = 1; };
instance of Test_Fixed { Name = "default"; };
[Association, ViewSources{"SELECT * FROM Test_All"}] class Test_Link {
  [key, PropertySources{"InstanceName"}] Test_All REF Whole;
  [key, PropertySources{"Text"}] Test_Small REF Part;
};
#pragma namespace("\\\\.\\root\\elsewhere\\deep")
class Test_Elsewhere { [key] string Name; };
)";

class World {
 public:
  World() : repository(compiled(kTestClasses).value()), snapshots_(repository, source, {}) {}

  const ClassEntry& the(std::string_view name) const { return *repository->find(name); }
  std::shared_ptr<const Snapshot> snapshot() { return snapshots_.take({}, time); }

  // The names of what is found, or the whole complaint.
  std::vector<std::string> names(std::string_view query, std::string_view name_space = "root/wmi") {
    Diagnostics diagnostics;
    const Setting setting{"HOST", std::string(name_space)};
    const auto plan = prepare(query, repository, setting, diagnostics);
    if (!plan) return {diagnostics.text()};
    found = run(*plan, snapshot());
    std::vector<std::string> out;
    for (const Row& row : found.rows) {
      const ObjectPath path = path_of(row, setting);
      const auto* text =
          path.keys.empty() ? nullptr : std::get_if<std::string>(&path.keys[0].value.data);
      out.push_back(text == nullptr ? path.class_name : *text);
    }
    return out;
  }

  std::string complaint(std::string_view query, std::string_view name_space = "root/wmi") const {
    Diagnostics diagnostics;
    const auto plan = prepare(query, repository, {"HOST", std::string(name_space)}, diagnostics);
    return plan ? "" : diagnostics.text();
  }

  std::shared_ptr<const Repository> repository;
  FakeSource source;
  Time time{1'000'000'000, 134'000'000'000'000'000};
  Found found;  // of the last query

 private:
  Snapshots snapshots_;
};

}  // namespace qm::wmi::wql
