#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>
#include <utility>

#include "base/text.h"
#include "mof/bmf.h"
#include "mof/bmf_record.h"
#include "mof/ds_stream.h"
#include "mof/limits.h"

namespace qm::mof {
namespace {

constexpr std::size_t kObjectHeader = 20;
constexpr std::size_t kPropertyHeader = 20;
constexpr std::size_t kQualifierHeader = 16;
constexpr std::size_t kArrayHeader = 16;
constexpr std::size_t kBlockHeader = 8;
constexpr std::string_view kFlavorMagic = "BMOFQUALFLAVOR11";

using Flavors = std::vector<std::pair<std::uint32_t, std::uint32_t>>;  // by offset

// [begin, end) of the image. Every record lies in the part its parent gives it.
struct Part {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t size() const { return end - begin; }
};

// What a person wrote for it: 0.1, and not 0.10000000149011612, as long as that makes the same
// float.
double as_written(float real) {
  const std::string digits = fmt::format("{}", real);
  double value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return static_cast<float>(value) == real ? value : static_cast<double>(real);
}

class RecordReader {
 public:
  explicit RecordReader(std::string_view image) : image_(image) {}

  Result<BmfRecords> run() {
    BmfRecords records;
    const Part objects = TRY(header());
    const std::uint32_t count = word(16);
    std::size_t at = objects.begin;
    for (std::uint32_t i = 0; i < count; ++i) {
      const Part part = TRY(record({at, objects.end}, kObjectHeader, "an object"));
      records.objects.push_back(TRY(object(part, 0)));
      at = part.end;
    }
    unread({at, objects.end});
    records.unread_bytes = unread_;
    return records;
  }

 private:
  std::uint32_t word(std::size_t at) const {
    std::uint32_t value = 0;
    std::memcpy(&value, image_.data() + at, 4);
    return value;
  }
  static std::unexpected<Error> bad(std::string_view what, std::size_t at) {
    return fail(ErrorCode::invalid,
                fmt::format("{} at byte {} does not fit where it lies", what, at));
  }

  // Padding is up to three zeros; anything else is something that nobody understood.
  void unread(Part part) {
    const std::string_view left = image_.substr(part.begin, part.size());
    if (left.size() < 4 && std::ranges::all_of(left, [](char c) { return c == 0; })) return;
    unread_ += left.size();
  }

  Result<Part> header() {
    if (image_.size() < 20 || !image_.starts_with("FOMB")) {
      return fail(ErrorCode::invalid, "no binary MOF: it does not begin with 'FOMB'");
    }
    const std::size_t end = word(4);
    if (end < 20 || end > image_.size()) return bad("the end of the objects", 4);
    TRY(read_flavors({end, image_.size()}));
    return Part{20, end};
  }

  Result<bool> read_flavors(Part part) {
    if (part.size() == 0) return true;  // nobody has to give any
    if (part.size() < kFlavorMagic.size() + 4 ||
        image_.substr(part.begin, kFlavorMagic.size()) != kFlavorMagic) {
      unread(part);
      return true;
    }
    std::size_t at = part.begin + kFlavorMagic.size();
    const std::size_t count = word(at);
    at += 4;
    if (count > (part.end - at) / 8) {
      unread(part);
      return true;
    }
    flavors_.reserve(count);
    for (std::size_t i = 0; i < count; ++i, at += 8) flavors_.emplace_back(word(at), word(at + 4));
    std::ranges::sort(flavors_);
    unread({at, part.end});
    return true;
  }

  Result<bool> count_record() {
    if (++records_ <= kMostBmfRecords) return true;
    return fail(ErrorCode::limit, fmt::format("more than {} records", kMostBmfRecords));
  }

  // The record at the begin of the part: its length comes first.
  Result<Part> record(Part part, std::size_t least, std::string_view what) {
    TRY(count_record());
    if (part.size() < least) return bad(what, part.begin);
    const std::size_t length = word(part.begin);
    if (length < least || length > part.size()) return bad(what, part.begin);
    return Part{part.begin, part.begin + length};
  }

  // Calls one(part) for each record of a block; gives its end.
  template <class One>
  Result<std::size_t> block(Part part, std::size_t least, std::string_view what, One one) {
    const Part whole = TRY(record(part, kBlockHeader, what));
    const std::uint32_t count = word(whole.begin + 4);
    std::size_t at = whole.begin + kBlockHeader;
    for (std::uint32_t i = 0; i < count; ++i) {
      const Part next = TRY(record({at, whole.end}, least, what));
      TRY(one(next));
      at = next.end;
    }
    unread({at, whole.end});
    return whole.end;
  }

  Result<BmfObject> object(Part part, unsigned depth) {
    if (depth > kMostBmfDepth) {
      return fail(ErrorCode::limit, fmt::format("objects nest more than {} deep", kMostBmfDepth));
    }
    BmfObject object;
    object.has_qualifiers = word(part.begin + 4) != kNowhere;
    object.is_instance = word(part.begin + 16) == 1;
    std::size_t at = part.begin + kObjectHeader;
    if (object.has_qualifiers) at = TRY(qualifiers({at, part.end}, object.qualifiers));
    at = TRY(properties({at, part.end}, object.properties, depth));
    if (at != part.end) at = TRY(properties({at, part.end}, object.methods, depth));
    unread({at, part.end});
    return object;
  }

  Result<std::size_t> qualifiers(Part part, std::vector<BmfQualifier>& out) {
    return block(part, kQualifierHeader, "a list of qualifiers", [&](Part one) -> Result<bool> {
      out.push_back(TRY(qualifier(one)));
      return true;
    });
  }

  Result<BmfQualifier> qualifier(Part part) {
    BmfQualifier qualifier;
    qualifier.type = word(part.begin + 4);
    const std::size_t name = part.begin + kQualifierHeader;
    const std::size_t name_bytes = word(part.begin + 12);
    if (name_bytes > part.end - name) return bad("the name of a qualifier", name);
    const Part value_part{name + name_bytes, part.end};
    unread({string({name, value_part.begin}, qualifier.name), value_part.begin});
    unread({TRY(value(value_part, qualifier.type, qualifier.value)), part.end});
    const auto begin = static_cast<std::uint32_t>(part.begin);
    const auto flavor = std::ranges::lower_bound(flavors_, begin, {}, &Flavors::value_type::first);
    if (flavor != flavors_.end() && flavor->first == begin) qualifier.flavor = flavor->second;
    return qualifier;
  }

  Result<std::size_t> properties(Part part, std::vector<BmfProperty>& out, unsigned depth) {
    return block(part, kPropertyHeader, "a list of properties", [&](Part one) -> Result<bool> {
      out.push_back(TRY(property(one, depth)));
      return true;
    });
  }

  // Header, name, then the value and the qualifiers where the offsets say.
  Result<BmfProperty> property(Part part, unsigned depth) {
    BmfProperty property;
    property.type = word(part.begin + 4);
    const std::uint32_t value_offset = word(part.begin + 12);
    const std::uint32_t qualifiers_offset = word(part.begin + 16);
    property.has_value = value_offset != kNowhere;
    property.has_qualifiers = qualifiers_offset != kNowhere;
    const std::size_t body = part.begin + kPropertyHeader;
    const std::size_t room = part.end - body;
    const std::size_t qualifiers_at = property.has_qualifiers ? qualifiers_offset : room;
    const std::size_t value_at = property.has_value ? value_offset : qualifiers_at;
    if (value_at > qualifiers_at || qualifiers_at > room) return bad("a property", part.begin);
    unread({string({body, body + value_at}, property.name), body + value_at});
    if (property.has_value) {
      const Part value_part{body + value_at, body + qualifiers_at};
      const bool holds_objects = (property.type & ~kBmfArray) == kBmfObject;
      const std::size_t end = holds_objects ? TRY(objects(value_part, property, depth))
                                            : TRY(value(value_part, property.type, property.value));
      unread({end, value_part.end});
    }
    if (property.has_qualifiers) {
      unread({TRY(qualifiers({body + qualifiers_at, part.end}, property.qualifiers)), part.end});
    }
    return property;
  }

  Result<std::size_t> objects(Part part, BmfProperty& property, unsigned depth) {
    Part whole = part;
    std::uint32_t count = 1;
    std::size_t at = part.begin;
    if ((property.type & kBmfArray) != 0) {
      whole = TRY(record(part, kArrayHeader, "a list of objects"));
      count = word(whole.begin + 8);
      at += kArrayHeader;
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      const Part one = TRY(record({at, whole.end}, kObjectHeader, "an object"));
      property.objects.push_back(TRY(object(one, depth + 1)));
      at = one.end;
    }
    if ((property.type & kBmfArray) == 0) return at;
    unread({at, whole.end});
    return whole.end;
  }

  // A string that ends with a zero, or with the part; gives its end.
  std::size_t string(Part part, std::string& out) const {
    std::u16string units;
    std::size_t at = part.begin;
    while (part.end - at >= 2) {
      char16_t unit = 0;
      std::memcpy(&unit, image_.data() + at, 2);
      at += 2;
      if (unit == 0) break;
      units += unit;
    }
    out = utf8(units);
    return at;
  }

  Result<std::size_t> value(Part part, std::uint32_t type, Value& out) {
    if ((type & kBmfArray) != 0) return array(part, type & ~kBmfArray, out);
    return single(part, type, out);
  }

  Result<std::size_t> array(Part part, std::uint32_t type, Value& out) {
    const Part whole = TRY(record(part, kArrayHeader, "an array"));
    const std::uint32_t count = word(whole.begin + 8);
    if (count > kMostListValues) {
      return fail(ErrorCode::limit,
                  fmt::format("more than {} values in an array", kMostListValues));
    }
    ValueList list;
    std::size_t at = whole.begin + kArrayHeader;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (at >= whole.end) return bad("an array", whole.begin);
      TRY(count_record());
      list.emplace_back();
      const std::size_t end = TRY(single({at, whole.end}, type, list.back()));
      if (end == at) return bad("an array of unknown type", whole.begin);
      at = end;
    }
    out.data = std::move(list);
    unread({at, whole.end});
    return whole.end;
  }

  Result<std::size_t> single(Part part, std::uint32_t type, Value& out) {
    if (type == kBmfString || type == kBmfDatetime || type == kBmfReference) {
      std::string text;
      const std::size_t end = string(part, text);
      out.data = std::move(text);
      return end;
    }
    if (type == kBmfAlias) {
      std::string name;
      const std::size_t end = string(part, name);
      out.data = AliasName{name};
      return end;
    }
    const std::size_t bytes = bmf_value_bytes(type);
    if (bytes > part.size()) return bad("a value", part.begin);
    std::uint64_t word = 0;
    std::memcpy(&word, image_.data() + part.begin, bytes);
    out.data = number(type, word);
    return part.begin + bytes;
  }

  static decltype(Value::data) number(std::uint32_t type, std::uint64_t word) {
    const auto integer = [](std::int64_t value) -> decltype(Value::data) {
      if (value < 0) return value;
      return static_cast<std::uint64_t>(value);
    };
    switch (type) {
      case kBmfBoolean:
        return word != 0;
      case kBmfSint8:
        return integer(static_cast<std::int8_t>(word));
      case kBmfSint16:
        return integer(static_cast<std::int16_t>(word));
      case kBmfSint32:
        return integer(static_cast<std::int32_t>(word));
      case kBmfSint64:
        return integer(static_cast<std::int64_t>(word));
      case kBmfReal32: {
        float real = 0;
        std::memcpy(&real, &word, sizeof real);
        return as_written(real);
      }
      case kBmfReal64: {
        double real = 0;
        std::memcpy(&real, &word, sizeof real);
        return real;
      }
      case kBmfUint8:
      case kBmfUint16:
      case kBmfUint32:
      case kBmfUint64:
      case kBmfChar16:
        return word;
      default:
        return Null{};
    }
  }

  std::string_view image_;
  Flavors flavors_;
  std::size_t records_ = 0;
  std::size_t unread_ = 0;
};

}  // namespace

Result<BmfRecords> read_records(std::string_view image) {
  return RecordReader(image).run();
}

Result<BmfContent> read_bmf_image(std::string_view image) {
  BmfRecords records = TRY(read_records(image));
  return BmfContent{model_of(std::move(records.objects)), records.unread_bytes};
}

bool looks_like_bmf(Bytes file) {
  return file.size() >= 4 && std::memcmp(file.data(), "FOMB", 4) == 0;
}

Result<BmfImage> unpack_bmf(Bytes file) {
  if (!looks_like_bmf(file)) {
    return fail(ErrorCode::invalid, "no binary MOF: it does not begin with 'FOMB'");
  }
  if (file.size() > kMostBmfBytes) {
    return fail(ErrorCode::limit, fmt::format("more than {} MiB", kMostBmfBytes >> 20U));
  }
  std::uint32_t version = 0;
  std::uint32_t packed = 0;
  std::uint32_t size = 0;
  if (!read_at(file, 4, version) || !read_at(file, 8, packed) || !read_at(file, 12, size)) {
    return fail(ErrorCode::invalid, "the file ends within its header of 16 bytes");
  }
  if (version != 1) {
    return fail(ErrorCode::unsupported, fmt::format("version {} of binary MOF", version));
  }
  Bytes stream;
  if (!slice(file, 16, packed, stream)) {
    return fail(ErrorCode::invalid, fmt::format("the header speaks of {} bytes; {} follow it",
                                                packed, file.size() - 16));
  }
  DsText text = TRY(ds_decompress(stream, size));
  return BmfImage{std::move(text.bytes), 16 + std::size_t{packed}};
}

Result<BmfContent> read_bmf(Bytes file) {
  const BmfImage image = TRY(unpack_bmf(file));
  return read_bmf_image(image.bytes);
}

}  // namespace qm::mof
