#include "xfrm/decode_parts.h"

namespace qm::xfrm {
namespace {

Complaint read_template(const xfrm_user_tmpl& wire, Template& out) {
  // A template may leave its family open (validate_tmpl fills it in only where it is needed).
  if (wire.family != 0 && !family_from(wire.family, out.family)) {
    return "a template of an unknown family";
  }
  if (wire.mode > static_cast<std::uint8_t>(Mode::iptfs)) return "a template of an unknown mode";
  set_address(out.saddr, out.family, bytes_of(wire.saddr));
  set_address(out.daddr, out.family, bytes_of(wire.id.daddr));
  out.spi = big_endian32(wire.id.spi);
  out.proto = wire.id.proto;
  out.reqid = wire.reqid;
  out.mode = static_cast<Mode>(wire.mode);
  out.optional = wire.optional != 0;
  return nullptr;
}

Complaint read_templates(Bytes value, std::vector<Template>& out) {
  const std::size_t count = value.size() / sizeof(xfrm_user_tmpl);
  if (value.size() % sizeof(xfrm_user_tmpl) != 0) return "a template cut short";
  if (count > kMostTemplates) return "too many templates";
  out.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    xfrm_user_tmpl wire{};
    if (!read_at(value, i * sizeof(wire), wire)) return "a template cut short";
    if (const Complaint wrong = read_template(wire, out[i])) return wrong;
  }
  return nullptr;
}

Complaint read_type(Bytes value, std::uint8_t& out) {
  xfrm_userpolicy_type type{};
  if (!read_exactly(value, type)) return "a policy type of the wrong size";
  out = type.type;
  return nullptr;
}

// real is XFRMA_POLICY's value: what DELPOLICY deleted.
Complaint read_attributes(Bytes attributes, Policy& out, Bytes& real) {
  AttributeReader reader(attributes);
  Attribute attribute;
  Once once;
  while (reader.next(attribute)) {
    Complaint wrong = nullptr;
    switch (attribute.type) {
      case XFRMA_TMPL:
        wrong = read_templates(attribute.value, out.templates);
        break;
      case XFRMA_POLICY_TYPE:
        wrong = read_type(attribute.value, out.type);
        break;
      case XFRMA_MARK:
        wrong = read_mark(attribute.value, out.mark);
        break;
      case XFRMA_IF_ID:
        if (!read_exactly(attribute.value, out.if_id)) wrong = "an if_id of the wrong size";
        break;
      case XFRMA_POLICY:
        real = attribute.value;
        break;
      default:
        continue;
    }
    if (once.again(attribute.type)) wrong = "an attribute that comes twice";
    if (wrong != nullptr) return wrong;
  }
  return reader.broken();
}

// In dumps dir is index & 7 (xfrm_policy_id2dir), so that per-socket policies have 3 and more; the
// index keeps saying so.
Complaint read_direction(std::uint8_t wire, PolicyDirection& out) {
  if (wire >= 2 * XFRM_POLICY_MAX) return "a policy of an unknown direction";
  out = static_cast<PolicyDirection>(wire % XFRM_POLICY_MAX);
  return nullptr;
}

Complaint read_info(const xfrm_userpolicy_info& info, Policy& out) {
  out.index = info.index;
  out.priority = info.priority;
  if (info.action > XFRM_POLICY_BLOCK) return "a policy of an unknown action";
  out.action = static_cast<PolicyAction>(info.action);
  if (const Complaint wrong = read_direction(info.dir, out.direction)) return wrong;
  return read_selector(reinterpret_cast<const std::byte*>(&info.sel), out.selector);
}

Complaint read_whole(Bytes payload, std::size_t fixed_size, Policy& out) {
  xfrm_userpolicy_info info{};
  Bytes attributes;
  if (!read_at(payload, 0, info) || !attributes_behind(payload, fixed_size, attributes)) {
    return "a policy cut short";
  }
  Bytes real;
  if (const Complaint wrong = read_attributes(attributes, out, real)) return wrong;
  return read_info(info, out);
}

}  // namespace

Complaint read_policy(Bytes payload, Policy& out) {
  return read_whole(payload, sizeof(xfrm_userpolicy_info), out);
}

Complaint read_deleted_policy(Bytes payload, Policy& out) {
  xfrm_userpolicy_id id{};
  Bytes attributes;
  if (!read_at(payload, 0, id) || !attributes_behind(payload, sizeof(id), attributes)) {
    return "a deleted policy cut short";
  }
  Bytes real;
  if (const Complaint wrong = read_attributes(attributes, out, real)) return wrong;
  // xfrm_notify_policy fills either the id's selector or its index; the attribute has both.
  if (real.data() != nullptr) {
    xfrm_userpolicy_info info{};
    if (!read_exactly(real, info)) return "a deleted policy of the wrong size";
    return read_info(info, out);
  }
  out.index = id.index;
  if (const Complaint wrong = read_direction(id.dir, out.direction)) return wrong;
  return read_selector(reinterpret_cast<const std::byte*>(&id.sel), out.selector);
}

Complaint read_expired_policy(Bytes payload, Policy& out, bool& hard) {
  xfrm_user_polexpire expire{};
  if (!read_at(payload, 0, expire)) return "a policy's expiry cut short";
  hard = expire.hard != 0;
  return read_whole(payload, sizeof(expire), out);
}

Complaint read_policy_flush(Bytes payload, std::uint8_t& type) {
  Policy policy;
  Bytes real;
  const Complaint wrong = read_attributes(payload, policy, real);
  type = policy.type;
  return wrong;
}

Complaint read_default_policy(Bytes payload, DefaultPolicy& out) {
  xfrm_userpolicy_default wire{};
  if (!read_at(payload, 0, wire)) return "a default policy cut short";
  for (const std::uint8_t action : {wire.in, wire.fwd, wire.out}) {
    if (action != XFRM_USERPOLICY_BLOCK && action != XFRM_USERPOLICY_ACCEPT) {
      return "a default policy that neither blocks nor accepts";
    }
  }
  out = {wire.in == XFRM_USERPOLICY_BLOCK, wire.fwd == XFRM_USERPOLICY_BLOCK,
         wire.out == XFRM_USERPOLICY_BLOCK};
  return nullptr;
}

}  // namespace qm::xfrm
