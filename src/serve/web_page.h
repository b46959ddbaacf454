// The web page at /, from files that the build put into the binary (web/dist). Pure.
//
// Promise: what a browser runs here is this program's alone: the policy allows no script, style,
// connection or frame of anybody else, and nothing inline. The document is asked for each time, so
// that it is of the service that answers; its files are kept for good, by the version in their
// names. Threads: one.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedded.h"
#include "serve/http.h"

namespace qm::serve {

class WebPage final : public Handler {
 public:
  WebPage();  // the embedded files

  // What it answers: "" for /, and a name for each file.
  std::vector<std::string> paths() const;
  // 200; 304 when the asker has it already; 404.
  void handle(const Request& request, Done done) override;

 private:
  struct File {
    std::string_view bytes;
    std::string_view content_type;
    std::string tag;     // of its content, as ETag has it
    std::string packed;  // gzip's; "" until somebody takes it
  };
  // Whether the document asks for the file by this version.
  bool is_current(std::string_view name, std::string_view version) const;

  std::map<std::string, File, std::less<>> files_;
};

}  // namespace qm::serve
