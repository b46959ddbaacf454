#include "serve/class_change.h"

#include <span>

#include "base/json_writer.h"

namespace qm::serve {
namespace {

unsigned status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::denied:
      return 403;
    case ErrorCode::state:
      return 409;
    case ErrorCode::limit:
      return 413;
    default:
      return 400;
  }
}

Answer refused(const Error& error) {
  return refusal_answer({status_of(error.code), error.message});
}

void write_names(JsonWriter& json, std::string_view key, const std::vector<std::string>& names) {
  json.key(key).begin_array();
  for (const std::string& name : names) json.value(name);
  json.end_array();
}

Answer add(wmi::Catalog& catalog, std::string_view body) {
  const auto added = catalog.add(wmi::Bringer::compiler, "mofcomp", std::as_bytes(std::span(body)));
  if (!added) return refused(added.error());
  JsonWriter json(0);
  json.begin_object();
  write_names(json, "added", added->added);
  write_names(json, "replaced", added->replaced);
  write_names(json, "unchanged", added->unchanged);
  json.end_object();
  return {200, "application/json", std::move(json).take()};
}

}  // namespace

std::optional<std::string_view> methods_of_classes(const Request& request) {
  const std::vector<std::string>& path = request.target.path;
  if (path.size() < 3 || path[0] != "api" || path[1] != "v1" || path[2] != "classes") {
    return std::nullopt;
  }
  if (path.size() == 3) return "GET, HEAD, POST, OPTIONS";
  if (path.size() == 4) return "GET, HEAD, DELETE, OPTIONS";
  return std::nullopt;
}

Asked<std::size_t> admit_class_change(const Request& request) {
  if (request.mandatory) return refuse(501, "M-POST is CIM-XML's; POST what changes a class");
  const std::vector<std::string>& path = request.target.path;
  if (path.size() < 3 || path[0] != "api" || path[1] != "v1" || path[2] != "classes") {
    return refuse(405, "only GET and HEAD are served here");
  }
  if (request.role != login::Role::admin) {
    if (request.local) {
      return refuse(403, "only root and the service's own user may change anything");
    }
    // Who was let in without a login may have one.
    if (request.user.empty()) return refuse(401, "log in as an admin to change anything");
    return refuse(403, "only users with the role admin may change anything");
  }
  return kMostChangeBytes;
}

Answer class_change_answer(wmi::Catalog& catalog, const Request& request) {
  const std::vector<std::string>& path = request.target.path;
  const bool classes =
      path.size() >= 3 && path[0] == "api" && path[1] == "v1" && path[2] == "classes";
  if (!request.target.parameters.empty()) return refusal_answer({400, "no parameters here"});
  if (classes && path.size() == 3 && request.verb == Verb::post) {
    return add(catalog, request.body);
  }
  if (classes && path.size() == 4 && request.verb == Verb::remove) {
    if (const Result<void> done = catalog.remove(path[3]); !done) return refused(done.error());
    JsonWriter json(0);
    json.begin_object().member("deleted", path[3]).end_object();
    return {200, "application/json", std::move(json).take()};
  }
  return refusal_answer(
      {405, "what can be changed: POST /api/v1/classes, DELETE /api/v1/classes/NAME"});
}

}  // namespace qm::serve
