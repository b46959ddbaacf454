// Accept and Accept-Encoding: whatever they say, one of the forms is chosen, and quickly.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string_view>

#include "serve/accept.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr qm::serve::MediaType kOffered[] = {{"text/plain", "version=0.0.4"},
                                               {"application/openmetrics-text", "version=1.0.0"},
                                               {"text/html", ""}};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (qm::serve::best_of(text, kOffered) >= std::size(kOffered)) std::abort();
  if (qm::serve::takes_gzip(text) && text.empty()) std::abort();
  return 0;
}
