// The records of a binary MOF, between its bytes and the Model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "mof/model.h"

namespace qm::mof {

inline constexpr std::uint32_t kNowhere = 0xffffffff;  // an offset to nothing

// VARIANT types, as binary MOF numbers them.
enum BmfType : std::uint32_t {
  kBmfNull = 1,
  kBmfSint16 = 2,
  kBmfSint32 = 3,
  kBmfReal32 = 4,
  kBmfReal64 = 5,
  kBmfString = 8,
  kBmfBoolean = 0x0b,
  kBmfObject = 0x0d,
  kBmfSint8 = 0x10,
  kBmfUint8 = 0x11,
  kBmfUint16 = 0x12,
  kBmfUint32 = 0x13,
  kBmfSint64 = 0x14,
  kBmfUint64 = 0x15,
  kBmfDatetime = 0x65,
  kBmfReference = 0x66,
  kBmfChar16 = 0x67,
  kBmfArray = 0x2000,
  kBmfMethod = kBmfArray | kBmfObject,
  kBmfAlias = 0x4008,
};
std::size_t bmf_value_bytes(std::uint32_t type);  // of one; 0: a string, an object or unknown
std::uint32_t bmf_type(Type type);
Type type_of_bmf(std::uint32_t type);  // kBmfArray does not matter; none: unknown

struct BmfQualifier {
  std::string name;
  std::uint32_t type = 0;
  Value value;
  std::uint32_t flavor = 0;
};

struct BmfObject;
struct BmfProperty {
  std::string name;
  std::uint32_t type = 0;
  bool has_value = false;
  Value value;
  std::vector<BmfObject> objects;  // the value of types with kBmfObject
  bool has_qualifiers = false;
  std::vector<BmfQualifier> qualifiers;
};

struct BmfObject {
  bool is_instance = false;  // of a class; parameter lists and values are too
  bool has_qualifiers = true;
  std::vector<BmfQualifier> qualifiers;
  std::vector<BmfProperty> properties;
  std::vector<BmfProperty> methods;
};

struct BmfRecords {
  std::vector<BmfObject> objects;
  std::size_t unread_bytes = 0;
};
Result<BmfRecords> read_records(std::string_view image);
std::string write_records(const std::vector<BmfObject>& objects);

Model model_of(std::vector<BmfObject> objects);
std::vector<BmfObject> records_of(const Model& model);

// "uint32", "ref:CIM_Thing": what the qualifier CIMTYPE says of a property.
std::string cim_type(Type type, std::string_view spelling, std::string_view class_name);

}  // namespace qm::mof
