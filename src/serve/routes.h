// Which handler answers which target: by the first segment of its path. Threads: one.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "serve/http.h"

namespace qm::serve {

class Routes final : public Handler {
 public:
  // Of every target that nobody else takes. It and all others must outlive this.
  explicit Routes(Handler& others) : others_(others) {}
  // "metrics": of /metrics and all below it. "": of / alone.
  void add(std::string first_segment, Handler& handler) {
    routes_.insert_or_assign(std::move(first_segment), &handler);
  }

  Asked<std::size_t> admit(const Request& request) override { return of(request).admit(request); }
  bool serves_strangers(const Request& request) const override {
    return of(request).serves_strangers(request);
  }
  std::string_view allowed(const Request& request) const override {
    return of(request).allowed(request);
  }
  std::vector<Field> options(const Request& request) const override {
    return of(request).options(request);
  }
  void handle(const Request& request, Done done) override {
    of(request).handle(request, std::move(done));
  }

 private:
  Handler& of(const Request& request) const {
    const auto& path = request.target.path;
    const auto found = routes_.find(path.empty() ? std::string() : path.front());
    return found == routes_.end() ? others_ : *found->second;
  }

  Handler& others_;
  std::map<std::string, Handler*> routes_;
};

}  // namespace qm::serve
