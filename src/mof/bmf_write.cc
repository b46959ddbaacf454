#include <bit>
#include <cstring>

#include "base/text.h"
#include "mof/bmf.h"
#include "mof/bmf_record.h"
#include "mof/ds_stream.h"

namespace qm::mof {
namespace {

constexpr std::uint32_t kObjectHeaderBytes = 20;  // of a property's record too

template <class T>
T number_of(const Value& value) {
  if (const auto* number = std::get_if<std::uint64_t>(&value.data)) return static_cast<T>(*number);
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) return static_cast<T>(*number);
  if (const auto* flag = std::get_if<bool>(&value.data)) return static_cast<T>(*flag ? 1 : 0);
  if (const auto* real = std::get_if<double>(&value.data)) {
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(*real);
  }
  return T{};
}

class RecordWriter {
 public:
  std::string run(const std::vector<BmfObject>& objects) {
    out_ = "FOMB";
    put(0);
    put(1);
    put(1);
    put(size32(objects.size()));
    for (const BmfObject& object : objects) top_object(object);
    patch(4, here());
    out_ += "BMOFQUALFLAVOR11";
    put(size32(flavors_.size() / 2));
    for (const std::uint32_t word : flavors_) put(word);
    return std::move(out_);
  }

 private:
  static std::uint32_t size32(std::size_t size) { return static_cast<std::uint32_t>(size); }
  std::uint32_t here() const { return size32(out_.size()); }

  template <class T>
  void raw(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out_.append(bytes, sizeof(T));
  }
  void put(std::uint32_t value) { raw(value); }
  void patch(std::size_t at, std::uint32_t value) { std::memcpy(out_.data() + at, &value, 4); }
  void end_length(std::uint32_t start) { patch(start, here() - start); }

  void string(std::string_view text) {
    for (const char16_t unit : utf16(text)) raw(unit);
    raw(char16_t{0});
  }
  // Up to a multiple of four from the start of the record.
  void pad(std::uint32_t start) {
    if (!padded_) return;
    while ((here() - start) % 4 != 0) out_ += '\0';
  }

  void top_object(const BmfObject& one) { object(one, true, one.is_instance); }
  // A parameter list, or an instance inside a value.
  void inner_object(const BmfObject& one) { object(one, one.has_qualifiers, true); }

  void object(const BmfObject& one, bool has_qualifiers, bool is_instance) {
    const std::uint32_t start = here();
    put(0);
    put(has_qualifiers ? 0 : kNowhere);
    put(0);
    put(0);
    put(is_instance ? 1 : 0);
    if (has_qualifiers) {
      qualifier_block(one.qualifiers);
      patch(start + 8, here() - start - kObjectHeaderBytes);
    }
    property_block(one.properties);
    patch(start + 12, here() - start - kObjectHeaderBytes);
    property_block(one.methods);
    end_length(start);
  }

  template <class Record, class Write>
  void block(const std::vector<Record>& records, Write write) {
    const std::uint32_t start = here();
    put(0);
    put(size32(records.size()));
    for (const Record& one : records) write(one);
    end_length(start);
  }
  void qualifier_block(const std::vector<BmfQualifier>& qualifiers) {
    block(qualifiers, [this](const BmfQualifier& one) { qualifier(one); });
  }
  void property_block(const std::vector<BmfProperty>& properties) {
    block(properties, [this](const BmfProperty& one) { property(one); });
  }

  void qualifier(const BmfQualifier& one) {
    const std::uint32_t start = here();
    if (one.flavor != 0) {
      flavors_.push_back(start);
      flavors_.push_back(one.flavor);
    }
    put(0);
    put(one.type);
    put(0);
    put(0);
    string(one.name);
    pad(start);
    patch(start + 12, here() - start - 16);
    value(one.type, one.value, start);
    end_length(start);
    if ((one.type & kBmfArray) != 0) padded_ = true;
  }

  void property(const BmfProperty& one) {
    const std::uint32_t start = here();
    put(0);
    put(one.type);
    put(0);
    put(kNowhere);
    put(kNowhere);
    string(one.name);
    pad(start);
    if (one.has_value) {
      patch(start + 12, here() - start - kObjectHeaderBytes);
      if (!one.objects.empty()) {
        objects(one);
      } else {
        value(one.type, one.value, start);
      }
    }
    if (one.has_qualifiers) {
      patch(start + 16, here() - start - kObjectHeaderBytes);
      qualifier_block(one.qualifiers);
    }
    end_length(start);
  }

  // Of a method with input and output, mofcomp writes the input without any padding, up to
  // the first qualifier in it that is an array.
  void objects(const BmfProperty& one) {
    if ((one.type & kBmfArray) == 0) {
      inner_object(one.objects.front());
      return;
    }
    const std::uint32_t start = here();
    put(0);
    put(1);
    put(size32(one.objects.size()));
    put(0);
    for (std::size_t i = 0; i < one.objects.size(); ++i) {
      padded_ = !(one.type == kBmfMethod && i == 0 && one.objects.size() == 2 &&
                  !one.objects[i].has_qualifiers);
      inner_object(one.objects[i]);
    }
    padded_ = true;
    end_length(start);
    patch(start + 12, here() - start - 12);
  }

  void value(std::uint32_t type, const Value& value, std::uint32_t start) {
    if ((type & kBmfArray) != 0) {
      array(type & ~kBmfArray, value);
    } else {
      single(type, value);
      pad(start);
    }
  }

  // Only the last element is padded, and counted from its own start: an array may end anywhere.
  void array(std::uint32_t type, const Value& value) {
    const std::uint32_t start = here();
    const auto* list = std::get_if<ValueList>(&value.data);
    put(0);
    put(1);
    put(list == nullptr ? 0 : size32(list->size()));
    put(0);
    std::uint32_t last = here();
    if (list != nullptr) {
      for (const Value& one : *list) {
        last = here();
        single(type, one);
      }
    }
    pad(last);
    end_length(start);
    patch(start + 12, here() - start - 12);
  }

  void single(std::uint32_t type, const Value& value) {
    switch (type) {
      case kBmfString:
      case kBmfDatetime:
      case kBmfReference:
        if (const auto* text = std::get_if<Text>(&value.data)) {
          string(*text);
        } else {
          string("");
        }
        return;
      case kBmfAlias: {
        const auto* alias = std::get_if<AliasName>(&value.data);
        string(alias == nullptr ? std::string_view() : std::string_view(alias->name));
        return;
      }
      case kBmfBoolean:
        raw(static_cast<std::uint16_t>(number_of<unsigned>(value) != 0 ? 0xffff : 0));
        return;
      case kBmfReal32:
        raw(number_of<float>(value));
        return;
      case kBmfReal64:
        raw(number_of<double>(value));
        return;
      default:
        break;
    }
    switch (bmf_value_bytes(type)) {
      case 1:
        raw(number_of<std::uint8_t>(value));
        return;
      case 2:
        raw(number_of<std::uint16_t>(value));
        return;
      case 4:
        raw(number_of<std::uint32_t>(value));
        return;
      case 8:
        raw(number_of<std::uint64_t>(value));
        return;
      default:
        return;
    }
  }

  std::string out_;
  std::vector<std::uint32_t> flavors_;  // pairs
  bool padded_ = true;
};

}  // namespace

std::size_t bmf_value_bytes(std::uint32_t type) {
  switch (type) {
    case kBmfSint8:
    case kBmfUint8:
      return 1;
    case kBmfSint16:
    case kBmfUint16:
    case kBmfChar16:
    case kBmfBoolean:
      return 2;
    case kBmfSint32:
    case kBmfUint32:
    case kBmfReal32:
      return 4;
    case kBmfSint64:
    case kBmfUint64:
    case kBmfReal64:
      return 8;
    default:
      return 0;
  }
}

std::string write_records(const std::vector<BmfObject>& objects) {
  return RecordWriter().run(objects);
}

std::string write_bmf_image(const Model& model) {
  return write_records(records_of(model));
}

std::string pack_bmf(std::string_view image) {
  return bmf_around(ds_compress(image), image.size());
}

std::string bmf_around(std::string_view stream, std::size_t image_bytes) {
  std::string out = "FOMB";
  const auto put = [&out](std::size_t value) {
    const auto word = static_cast<std::uint32_t>(value);
    char bytes[4];
    std::memcpy(bytes, &word, 4);
    out.append(bytes, 4);
  };
  put(1);
  put(stream.size());
  put(image_bytes);
  out += stream;
  return out;
}

}  // namespace qm::mof
