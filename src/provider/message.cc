#include "provider/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/text.h"

namespace qm::provider {
namespace {

template <class T>
Result<T> take(Bytes packet) {
  T message{};
  if (packet.size() != sizeof(T) || !read_at(packet, 0, message)) {
    return fail(ErrorCode::invalid, fmt::format("a message of this type has {} bytes, this one {}",
                                                sizeof(T), packet.size()));
  }
  return message;
}

Result<Message> parse_hello(Bytes packet) {
  const auto message = TRY(take<qm_hello_message>(packet));
  const auto* end = std::ranges::find(message.driver, '\0');
  const std::string_view driver(std::begin(message.driver), end);
  if (end == std::end(message.driver) || driver.empty() || !is_plain_text(driver)) {
    return fail(ErrorCode::invalid, fmt::format("the driver's name is not plain text of 1 to {} "
                                                "bytes",
                                                int{QM_MOST_DRIVER_NAME_BYTES}));
  }
  return Hello{std::string(driver)};
}

Result<Message> parse_register(Bytes packet) {
  const auto message = TRY(take<qm_register_message>(packet));
  if (message.registration == 0) return fail(ErrorCode::invalid, "a registration has the number 0");
  Register out;
  out.registration = message.registration;
  out.bmof_bytes = message.bmof_bytes;
  out.info.guid = message.guid;
  out.info.flags = message.flags;
  out.info.block_bytes = message.block_bytes;
  out.info.data_items = message.data_items;
  out.info.most_instances = message.most_instances;
  return out;
}

std::size_t descriptors_needed(const Message& message) {
  const auto* registration = std::get_if<Register>(&message);
  if (registration == nullptr) return 0;
  return registration->bmof_bytes > 0 ? 2 : 1;
}

Result<Message> parse_body(Bytes packet, std::uint16_t type) {
  switch (type) {
    case QM_SAY_HELLO:
      return parse_hello(packet);
    case QM_SAY_REGISTER:
      return parse_register(packet);
    case QM_SAY_UNREGISTER:
      return Unregister{TRY(take<qm_registration_message>(packet)).registration};
    case QM_SAY_REFRESHED:
      return Refreshed{TRY(take<qm_refresh_message>(packet)).token};
    default:
      return fail(ErrorCode::invalid, fmt::format("message type {} is unknown", type));
  }
}

qm_message_header header_of(std::uint16_t type) {
  return {QM_PROTOCOL_MAGIC, QM_PROTOCOL_VERSION, type};
}

}  // namespace

Result<Message> parse_message(Bytes packet, std::size_t descriptors) {
  qm_message_header header{};
  if (!read_at(packet, 0, header) || header.magic != QM_PROTOCOL_MAGIC) {
    return fail(ErrorCode::invalid, "this is not quickmode's provider protocol");
  }
  if (header.version != QM_PROTOCOL_VERSION) {
    return fail(ErrorCode::invalid,
                fmt::format("the provider speaks protocol version {}, this service version {}: "
                            "install the same release of both",
                            header.version, int{QM_PROTOCOL_VERSION}));
  }
  Message message = TRY(parse_body(packet, header.type));
  const std::size_t needed = descriptors_needed(message);
  if (descriptors != needed) {
    return fail(ErrorCode::invalid,
                fmt::format("{} descriptors came along, this message has {}", descriptors, needed));
  }
  return message;
}

int refusal_errno(const Error& error) {
  if (error.code == ErrorCode::denied) return EPERM;
  return error.code == ErrorCode::limit ? ENOSPC : EINVAL;
}

qm_registration_message make_registered(std::uint32_t registration) {
  return {header_of(QM_SAY_REGISTERED), registration, 0};
}

qm_refresh_message make_refresh(std::uint64_t token) {
  return {header_of(QM_SAY_REFRESH), token};
}

qm_refused_message make_refused(std::uint32_t registration, const Error& error) {
  qm_refused_message message{};
  message.header = header_of(QM_SAY_REFUSED);
  message.registration = registration;
  message.error = refusal_errno(error);
  const std::string text = plain_text(error.message, QM_MOST_REFUSAL_BYTES);
  std::ranges::copy(text, message.text);
  return message;
}

bool RateWindow::admit(std::uint64_t now_ms) {
  if (count_ == 0 || now_ms - since_ms_ >= 1000) {
    since_ms_ = now_ms;
    count_ = 0;
  }
  if (count_ >= most_) return false;
  ++count_;
  return true;
}

}  // namespace qm::provider
