// Any bytes through lexer and preprocessor alone: it ends, and every token lies in a source or
// among the spellings that the preprocessor made.
#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "mof/memory_reader.h"
#include "mof/preprocessor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const qm::mof::FileReader reader = qm::mof::memory_reader(
      {{"t", text}, {"a", text.substr(0, size / 2)}, {"b", text.substr(size / 2)}});
  qm::mof::Options options;
  options.defines = {{"N", "1"}, {"A", text.substr(0, 8)}};
  qm::Diagnostics diagnostics;
  qm::mof::Preprocessor preprocessor(reader, options, diagnostics);
  preprocessor.open("t");
  std::size_t bytes = 0;
  for (auto token = preprocessor.next(); token.kind != qm::mof::TokenKind::end;
       token = preprocessor.next()) {
    bytes += token.text.size();
  }
  QM_ASSERT(diagnostics.error_count() <= qm::Diagnostics::kMostErrors);
  QM_ASSERT(bytes <= (std::size_t{1} << 32U));
  (void)diagnostics.text();
  return 0;
}
