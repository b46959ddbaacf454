#include "mof/bmf.h"

#include <gtest/gtest.h>

#include <cstring>
#include <span>

#include "mof/bmf_patch.h"
#include "mof/bmf_record.h"
#include "mof/decompile.h"
#include "mof/ds_stream.h"
#include "mof/dump.h"
#include "mof/limits.h"
#include "mof/mof_testing.h"
#include "mof/mof_text.h"

namespace qm::mof {
namespace {

// Something of everything, in a few hundred bytes.
constexpr const char* kSmall =
    "[q{\"a\", \"b\"}] class A : B { uint8 x[2] = {1, 2}; uint8 m([in] string s, [out] A o); };\n"
    "instance of A as $A { x = {1}; y = $A; z = instance of A { }; };";

Compiled compiled_golden(const std::string& name) {
  return compile_files({{name, file_text(golden_path(name))}}, {}, {name});
}

std::string compiled_bmf(const std::string& text) {
  const Compiled compiled = compile_text(text);
  EXPECT_FALSE(compiled.diagnostics.has_errors()) << compiled.said();
  return write_bmf(compiled.model).value_or("");
}

std::vector<std::filesystem::path> corpus() {
  std::vector<std::filesystem::path> files;
  const std::filesystem::path folder = QM_SHARED_DIR "/corpus/bmf";
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".bmf") files.push_back(entry.path());
  }
  return files;
}

TEST(Bmf, RealFilesAreReadWholeAndComeBack) {
  for (const auto& path : corpus()) {
    SCOPED_TRACE(path.filename().string());
    const std::string file = file_text(path.string());
    const auto text = decompile(bytes_of(file));
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(text->unread_bytes, 0U);
    EXPECT_EQ(text->pragma_lines, 0U);  // the text alone says it all
    EXPECT_TRUE(compiled_bmf(text->text) == file);
  }
}

TEST(Bmf, TheTextIsWhatAPersonWouldHaveWritten) {
  const std::string text =
      "class A\n{\n  real32 a = 0.1;\n  real32 b = 15000000000.0;\n  real64 c = -0.0005;\n"
      "  char16 d = 'a';\n  char16 e = 39;\n};\n";
  const std::string file = compiled_bmf(text);
  EXPECT_EQ(decompile(bytes_of(file)).value().text, text);
}

TEST(Bmf, EveryConstructComesBack) {
  const Compiled compiled = compiled_golden("binary.mof");
  ASSERT_FALSE(compiled.diagnostics.has_errors()) << compiled.said();
  const std::string file = write_bmf(compiled.model).value();
  const auto text = decompile(bytes_of(file));
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(text->pragma_lines, 0U) << text->text;
  expect_golden("binary.txt", text->text);
  EXPECT_TRUE(compiled_bmf(text->text) == file);
}

TEST(Bmf, TheModelThatIsReadIsTheOneThatWasWritten) {
  Compiled compiled = compiled_golden("every.mof");
  const auto content = read_bmf(bytes_of(write_bmf(compiled.model).value()));
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_EQ(content->unread_bytes, 0U);
  EXPECT_EQ(dump_json(content->model), dump_json(compiled.model));
}

TEST(Bmf, TheOrderOfClassesAndInstancesIsKept) {
  const std::string file =
      compiled_bmf("class A {};\ninstance of A { };\nclass B {};\ninstance of B { };\n");
  EXPECT_EQ(emit_mof(read_bmf(bytes_of(file))->model),
            "class A\n{\n};\n\ninstance of A\n{\n};\n\nclass B\n{\n};\n\ninstance of B\n{\n};\n");
}

TEST(Bmf, AnyPrefixOfAFileEndsInAnError) {
  const std::string file = write_bmf(compiled_golden("binary.mof").model).value();
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(read_bmf(bytes_of(file.substr(0, size)))) << size;
  }
}

TEST(Bmf, AnyPrefixOfAnImageEndsInAnErrorOrAModel) {
  const std::string image = write_bmf_image(compile_text(kSmall).model);
  std::uint32_t objects_end = 0;
  std::memcpy(&objects_end, image.data() + 4, 4);
  for (std::size_t size = 0; size < image.size(); ++size) {
    std::string cut = image.substr(0, size);
    // Without its list of flavors an image is still read.
    EXPECT_EQ(read_bmf_image(cut).has_value(), size >= objects_end) << size;
    if (size < 20) continue;
    const auto end = static_cast<std::uint32_t>(size);  // as if the rest had never been
    std::memcpy(cut.data() + 4, &end, 4);
    (void)read_bmf_image(cut);
  }
}

TEST(Bmf, AnyChangedWordEndsInAnErrorOrAModel) {
  const std::string image = write_bmf_image(compile_text(kSmall).model);
  for (std::size_t at = 0; at + 4 <= image.size(); at += 2) {
    for (const std::uint32_t word : {0U, 1U, 8U, 0x7fffffffU, 0xffffffffU}) {
      std::string changed = image;
      std::memcpy(changed.data() + at, &word, 4);
      const auto content = read_bmf_image(changed);
      if (content) (void)emit_mof(content->model);
    }
  }
}

TEST(Bmf, ASmallFileCannotAskForMuch) {
  std::string file = compiled_bmf("class A {};");
  const std::uint32_t huge = 0xfffffff0;
  std::memcpy(file.data() + 12, &huge, 4);
  const auto content = read_bmf(bytes_of(file));
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, ErrorCode::limit);
  const std::uint32_t large = kMostDsBytes;
  std::memcpy(file.data() + 12, &large, 4);
  EXPECT_EQ(read_bmf(bytes_of(file)).error().code, ErrorCode::invalid);
}

TEST(Bmf, AFileBeyondTheLimitIsRefused) {
  std::string file = compiled_bmf("class A {};");
  file.resize(kMostBmfBytes);
  EXPECT_TRUE(read_bmf(bytes_of(file)));
  file += '\0';
  const auto content = read_bmf(bytes_of(file));
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, ErrorCode::limit);
}

TEST(Bmf, RecordsBeyondTheLimitAreRefused) {
  // The object, its three blocks, and arrays: each counts, and each of its values.
  BmfObject object;
  std::size_t left = kMostBmfRecords - 4;
  while (left > 1) {
    const std::size_t count = std::min(left - 2, kMostListValues);
    BmfQualifier qualifier{"q", kBmfArray | kBmfUint8, {}, 0};
    qualifier.value.data = ValueList(count);
    object.qualifiers.push_back(std::move(qualifier));
    left -= count + 2;
  }
  object.qualifiers.resize(object.qualifiers.size() + left, {"q", kBmfBoolean, {}, 0});
  EXPECT_TRUE(read_records(write_records({object})));
  object.qualifiers.push_back({"q", kBmfBoolean, {}, 0});
  const auto records = read_records(write_records({object}));
  ASSERT_FALSE(records);
  EXPECT_EQ(records.error().code, ErrorCode::limit);
}

BmfObject nested(unsigned depth) {
  BmfObject object;
  object.is_instance = true;
  object.has_qualifiers = depth == 0;
  return object;
}

TEST(Bmf, ObjectsBeyondTheDepthAreRefused) {
  for (const unsigned depth : {kMostBmfDepth, kMostBmfDepth + 1}) {
    BmfObject object = nested(1);
    for (unsigned i = 0; i < depth; ++i) {
      BmfProperty property;
      property.name = "p";
      property.type = kBmfObject;
      property.has_value = true;
      property.objects.push_back(std::move(object));
      object = nested(i + 1 == depth ? 0 : 1);
      object.properties.push_back(std::move(property));
    }
    EXPECT_EQ(read_records(write_records({object})).has_value(), depth == kMostBmfDepth);
  }
}

TEST(Bmf, WhatTextCannotSayStandsInPatches) {
  const Compiled compiled = compile_text("[q(5)] class A { uint8 x; };");
  std::string image = write_bmf_image(compiled.model);
  const std::size_t record = image.find(std::string("q\0\0\0", 4)) - 16;
  image[record + 8] = 9;  // a reserved word that nobody reads
  const std::string file = pack_bmf(image);
  const auto text = decompile(bytes_of(file));
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(text->pragma_lines, 1U);
  EXPECT_NE(text->text.find("#pragma bmf_patch("), std::string::npos);
  EXPECT_TRUE(compiled_bmf(text->text) == file);
}

TEST(Bmf, ALongerImageThanTheTextsComesBack) {
  std::string image = write_bmf_image(compile_text("class A { uint8 x; };").model);
  image += std::string(3'000, 'x');
  const std::string file = pack_bmf(image);
  const auto text = decompile(bytes_of(file));
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(text->unread_bytes, 3'000U);
  EXPECT_TRUE(compiled_bmf(text->text) == file);
}

TEST(Bmf, AForeignStreamAndATailComeBack) {
  const std::string image = write_bmf_image(compile_text("class A { uint8 x; };").model);
  std::string literals("DS\0\1", 4);  // as a compressor that finds nothing would write it
  std::uint64_t bits = 0;
  unsigned count = 0;
  for (const char c : image) {
    const auto byte = static_cast<unsigned char>(c);
    bits |= std::uint64_t{(byte >= 0x80 ? 1U : 2U) | (byte & 0x7fU) << 2U} << count;
    for (count += 9; count >= 8; count -= 8, bits >>= 8U) literals += static_cast<char>(bits);
  }
  literals += static_cast<char>(bits);
  const std::string file = bmf_around(literals, image.size()) + "behind";
  const auto text = decompile(bytes_of(file));
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_NE(text->text.find("#pragma bmf_tail(\"626568696e64\")"), std::string::npos);
  EXPECT_TRUE(compiled_bmf(text->text) == file);
}

TEST(Bmf, NamesThatNoTextCanHoldComeBack) {
  Model model;
  model.classes.resize(1);
  model.classes[0].name = "not a name; {";
  const std::string file = pack_bmf(write_bmf_image(model));
  const auto text = decompile(bytes_of(file));
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_TRUE(compiled_bmf(text->text) == file) << text->text;
}

// mofcomp writes what no driver could use, or nobody: that is text all the same.
TEST(Bmf, WrongClassesAreTextAllTheSame) {
  Options options;
  options.strict_blocks = false;
  struct Case {
    std::string text;
    bool unchecked;
  };
  for (const Case& one :
       {Case{"class A { [WmiDataId(1)] uint8 x; [WmiDataId(3)] uint8 y; };", false},
        Case{"[guid(\"none\")] class A { [WmiDataId(1)] Nowhere x; };", false},
        Case{"class A { uint8 x; uint8 x; };", true},
        Case{"class A { uint8 x = \"text\"; };\nclass A { };", true}}) {
    const Model model = compile_text(one.text, options).model;
    const std::string file = pack_bmf(write_bmf_image(model));
    const auto text = decompile(bytes_of(file));
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(text->pragma_lines, 0U) << text->text;
    EXPECT_EQ(text->text.find("#if 0"), std::string::npos) << text->text;
    EXPECT_EQ(text->text.find("#pragma bmf_unchecked\n") != std::string::npos, one.unchecked);
    const Compiled again = compile_text(text->text, options);
    EXPECT_FALSE(again.diagnostics.has_errors()) << again.said();
    EXPECT_TRUE(*write_bmf(again.model) == file);
  }
}

TEST(Bmf, PatchesThatDoNotFitAreErrors) {
  for (const char* pragma :
       {"bmf_patch(1, 2)", "bmf_patch(999999, 0, \"00\")", "bmf_patch(0, 999999, \"00\")",
        "bmf_patch(0, 0, \"0\")", "bmf_patch(0, 0, \"zz\")",
        "bmf_patch(8, 1, \"00\")\n#pragma "
        "bmf_patch(4, 1, \"00\")",
        "bmf_stream(\"0\")", "bmf_tail(\"xx\")"}) {
    const Compiled compiled = compile_text("class A {};\n#pragma " + std::string(pragma) + "\n");
    ASSERT_FALSE(compiled.diagnostics.has_errors()) << compiled.said();
    const auto file = write_bmf(compiled.model);
    ASSERT_FALSE(file) << pragma;
    EXPECT_EQ(file.error().code, ErrorCode::invalid);
  }
}

}  // namespace
}  // namespace qm::mof
