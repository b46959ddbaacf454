// Reads one HTTP/1.1 response from bytes as they come. Pure; limits in api.h.
#pragma once

#include <memory>
#include <string_view>

#include "cli/api.h"

namespace qm::cli {

class HttpAnswer {
 public:
  HttpAnswer();
  ~HttpAnswer();
  HttpAnswer(const HttpAnswer&) = delete;
  HttpAnswer& operator=(const HttpAnswer&) = delete;

  // True once the response is complete; more bytes are ignored then. Errors: invalid, limit.
  Result<bool> feed(std::string_view bytes);
  // The peer closed. Errors: invalid when the response is not complete by that.
  Result<Answer> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace qm::cli
