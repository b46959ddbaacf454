#include "mof/decompile.h"

#include <algorithm>

#include "mof/bmf_patch.h"
#include "mof/ds_stream.h"
#include "mof/memory_reader.h"
#include "mof/mof.h"
#include "mof/mof_text.h"

namespace qm::mof {
namespace {

constexpr std::size_t kImageHeaderBytes = 16;

// The image that compiling the text gives; "" when it has errors.
std::string image_of_text(const std::string& text) {
  Diagnostics diagnostics;
  Options options;
  options.strict_blocks = false;  // as mofc bmf has them
  const Model model = compile({"text"}, memory_reader({{"text", text}}), options, diagnostics);
  return diagnostics.has_errors() ? std::string() : write_bmf_image(model);
}

}  // namespace

Result<Decompiled> decompile(Bytes file) {
  const BmfImage image = TRY(unpack_bmf(file));
  const BmfContent content = TRY(read_bmf_image(image.bytes));
  Decompiled out;
  out.unread_bytes = content.unread_bytes;
  out.text = emit_mof(content.model);
  std::string compiled = image_of_text(out.text);
  if (compiled.empty()) {
    const std::string unchecked =
        "// What is wrong with these classes, mofc check tells.\n"
        "#pragma bmf_unchecked\n\n" +
        out.text;
    compiled = image_of_text(unchecked);
    if (!compiled.empty()) out.text = unchecked;
  }
  if (compiled.empty()) {
    out.text = "// These classes have names or values that MOF text cannot hold.\n#if 0\n" +
               out.text + "#endif\n";
    compiled = image_of_text(out.text);
    if (compiled.empty()) {
      out.text = "// These classes cannot be shown as text.\n";
      compiled = write_bmf_image({});
    }
  }
  std::string pragmas = patch_pragmas(compiled, image.bytes);
  const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
  if (pack_bmf(image.bytes) != bytes.substr(0, image.packed_bytes)) {
    pragmas += hex_pragmas("bmf_stream",
                           bytes.substr(kImageHeaderBytes, image.packed_bytes - kImageHeaderBytes));
  }
  pragmas += hex_pragmas("bmf_tail", bytes.substr(image.packed_bytes));
  if (!pragmas.empty()) {
    out.pragma_lines = static_cast<std::size_t>(std::ranges::count(pragmas, '\n'));
    out.text +=
        "\n// What the text above cannot say of the file that it was made from.\n" + pragmas;
  }
  return out;
}

Result<std::string> write_bmf(const Model& model) {
  const std::string image = TRY(apply_patches(write_bmf_image(model), model.pragmas));
  const std::string stream = TRY(hex_of_pragmas(model.pragmas, "bmf_stream"));
  const std::string tail = TRY(hex_of_pragmas(model.pragmas, "bmf_tail"));
  if (image.size() > kMostDsBytes) {
    return fail(ErrorCode::limit, "these classes are more than a binary MOF may hold");
  }
  std::string file = pack_bmf(image);
  if (!stream.empty()) file = bmf_around(stream, image.size());
  return file + tail;
}

}  // namespace qm::mof
