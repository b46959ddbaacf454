#include "xfrm/codec.h"

#include "xfrm/decode_parts.h"

namespace qm::xfrm {
namespace {

struct Message {
  MessageHeader header;
  Bytes payload;
};
Complaint give_sa(const Message& message, Sa& sa, Sink& sink) {
  if (const Complaint wrong = read_sa(message.payload, sa)) return wrong;
  sink.on_sa(sa, message.header.type == XFRM_MSG_UPDSA, message.header.seq);
  return nullptr;
}

Complaint give_deleted_sa(const Message& message, Sa& sa, Sink& sink) {
  if (const Complaint wrong = read_deleted_sa(message.payload, sa)) return wrong;
  sink.on_sa_deleted(sa);
  return nullptr;
}

Complaint give_expired_sa(const Message& message, Sa& sa, Sink& sink) {
  bool hard = false;
  if (const Complaint wrong = read_expired_sa(message.payload, sa, hard)) return wrong;
  sink.on_sa_expired(sa, hard);
  return nullptr;
}

Complaint give_sas_flushed(const Message& message, Sink& sink) {
  xfrm_usersa_flush flush{};
  if (!read_at(message.payload, 0, flush)) return "a flush cut short";
  sink.on_sas_flushed(flush.proto);
  return nullptr;
}

Complaint give_sa_counters(const Message& message, Sink& sink) {
  SaId id;
  Counters counters;
  if (const Complaint wrong = read_sa_counters(message.payload, id, counters)) return wrong;
  sink.on_sa_counters(id, counters, message.header.seq);
  return nullptr;
}

Complaint give_sa_count(const Message& message, Sink& sink) {
  std::uint32_t count = 0;
  if (const Complaint wrong = read_sa_count(message.payload, count)) return wrong;
  sink.on_sa_count(count, message.header.seq);
  return nullptr;
}

Complaint give_policy(const Message& message, Sink& sink) {
  Policy policy;
  if (const Complaint wrong = read_policy(message.payload, policy)) return wrong;
  sink.on_policy(policy, message.header.seq);
  return nullptr;
}

Complaint give_deleted_policy(const Message& message, Sink& sink) {
  Policy policy;
  if (const Complaint wrong = read_deleted_policy(message.payload, policy)) return wrong;
  sink.on_policy_deleted(policy);
  return nullptr;
}

// A soft expiry only asks the IKE daemon for a new policy: nothing has changed yet.
Complaint give_expired_policy(const Message& message, Sink& sink) {
  Policy policy;
  bool hard = false;
  if (const Complaint wrong = read_expired_policy(message.payload, policy, hard)) return wrong;
  if (hard) {
    sink.on_policy_deleted(policy);
  } else {
    sink.on_other(message.header.type);
  }
  return nullptr;
}

Complaint give_policies_flushed(const Message& message, Sink& sink) {
  std::uint8_t type = 0;
  if (const Complaint wrong = read_policy_flush(message.payload, type)) return wrong;
  sink.on_policies_flushed(type);
  return nullptr;
}

Complaint give_default_policy(const Message& message, Sink& sink) {
  DefaultPolicy policy;
  if (const Complaint wrong = read_default_policy(message.payload, policy)) return wrong;
  sink.on_default_policy(policy);
  return nullptr;
}

Complaint give_done(const Message& message, Sink& sink) {
  int error = 0;
  if (!read_at(message.payload, 0, error)) return "an end of a dump cut short";
  sink.on_done(message.header.seq, error);
  return nullptr;
}

Complaint give_error(const Message& message, Sink& sink) {
  ErrorHeader error;
  if (!read_at(message.payload, 0, error)) return "an error cut short";
  sink.on_error(message.header.seq, error.error);
  return nullptr;
}

// sa is room to read into: making one for each message costs more than reading it.
Complaint give(const Message& message, Sa& sa, Sink& sink) {
  switch (message.header.type) {
    case XFRM_MSG_NEWSA:
    case XFRM_MSG_UPDSA:
      return give_sa(message, sa, sink);
    case XFRM_MSG_DELSA:
      return give_deleted_sa(message, sa, sink);
    case XFRM_MSG_EXPIRE:
      return give_expired_sa(message, sa, sink);
    case XFRM_MSG_FLUSHSA:
      return give_sas_flushed(message, sink);
    case XFRM_MSG_NEWAE:
      return give_sa_counters(message, sink);
    case XFRM_MSG_NEWSADINFO:
      return give_sa_count(message, sink);
    case XFRM_MSG_NEWPOLICY:
    case XFRM_MSG_UPDPOLICY:
      return give_policy(message, sink);
    case XFRM_MSG_DELPOLICY:
      return give_deleted_policy(message, sink);
    case XFRM_MSG_POLEXPIRE:
      return give_expired_policy(message, sink);
    case XFRM_MSG_FLUSHPOLICY:
      return give_policies_flushed(message, sink);
    case XFRM_MSG_GETDEFAULT:
    case XFRM_MSG_SETDEFAULT:
      return give_default_policy(message, sink);
    case kDone:
      return give_done(message, sink);
    case kError:
      return give_error(message, sink);
    default:
      sink.on_other(message.header.type);
      return nullptr;
  }
}

}  // namespace

void decode(Bytes datagram, Sink& sink) {
  sink.on_datagram(datagram);
  Sa sa;
  std::size_t offset = 0;
  while (offset < datagram.size()) {
    Message message;
    if (!read_at(datagram, offset, message.header)) {
      sink.on_malformed(0, "stray bytes behind the messages");
      return;
    }
    const std::size_t length = message.header.length;
    Bytes whole;
    if (length < sizeof(MessageHeader) || !slice(datagram, offset, length, whole)) {
      sink.on_malformed(message.header.type, "a message whose length breaks the frame");
      return;
    }
    message.payload = whole.subspan(sizeof(MessageHeader));
    if (const Complaint wrong = give(message, sa, sink)) {
      sink.on_malformed(message.header.type, wrong);
    }
    offset += aligned(length);
  }
}

}  // namespace qm::xfrm
