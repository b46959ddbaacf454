// The web page at /: one document, that the build put into the binary (web/dist), and in it the
// API's answer to what the page asks first. A browser asks once and draws.
//
// Promise: what a browser runs here is this program's alone: the policy allows the document's own
// script and style, by their hashes, and no script, style, connection or frame of anybody else.
// What the API says can't end the element it stands in. Threads: the API's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "serve/gzip.h"
#include "serve/http.h"

namespace qm::serve {

// Of what the API said first: more is sent as it is, so that compressing it keeps nobody waiting.
inline constexpr std::size_t kMostPackedStartBytes = kGzipSliceBytes;

class WebPage final : public Handler {
 public:
  explicit WebPage(Handler& api);  // must outlive it

  // 200, without the API's answer where that is an error: the page asks again then, and tells it.
  // 404: not /.
  void handle(const Request& request, Done done) override;

 private:
  Answer document(const Answer& start, bool takes_gzip);

  Handler& api_;
  Target start_;                               // what the page asks first
  std::shared_ptr<const std::string> before_;  // the document up to what the API says
  std::string_view after_;
  std::shared_ptr<const Packed> packed_;  // before_, once somebody has taken it so
  std::string policy_;
};

}  // namespace qm::serve
