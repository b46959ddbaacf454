// Which device a connection's packets leave by, and whether that is an xfrm interface, whose own
// id its policies and SAs have. Requests and answers are rtnetlink's; coding is pure (route.cc),
// asking is in route_linux.cc and needs no capability.
//
// Promise: an answer that can't be read is an error, never a guess. Threads: one a RouteSocket.
// Limits: kMostRouteBytes an answer. Sources: rtnetlink(7), include/uapi/linux/rtnetlink.h and
// if_link.h; net/xfrm/xfrm_interface.c (xfrmi_fill_info).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"

namespace qm::xfrm {

inline constexpr std::size_t kMostRouteBytes = 32 << 10;  // of one answer; what is longer is cut

struct Device {
  std::string name;
  std::uint32_t if_id = 0;  // of an xfrm interface; 0: it is none
};

std::vector<std::byte> request_route(const Address& local, const Address& remote,
                                     std::uint32_t seq);
std::vector<std::byte> request_link(std::int32_t ifindex, std::uint32_t seq);
// Of one datagram, which must answer seq. invalid: it does not, or is malformed; not_found: the
// kernel refused: no such route or device.
Result<std::int32_t> parse_route(Bytes answer, std::uint32_t seq);  // the output device's index
Result<Device> parse_link(Bytes answer, std::uint32_t seq);

class RouteSocket {
 public:
  static Result<RouteSocket> open();
  RouteSocket(RouteSocket&& other) noexcept;
  RouteSocket& operator=(RouteSocket&& other) noexcept;
  ~RouteSocket();
  Result<std::int32_t> output_device(const Address& local, const Address& remote);
  Result<Device> device(std::int32_t ifindex);

 private:
  explicit RouteSocket(int fd) : fd_(fd) {}
  Result<Bytes> ask(const std::vector<std::byte>& request);

  int fd_ = -1;
  std::uint32_t seq_ = 0;
  std::vector<std::byte> answer_;
};

}  // namespace qm::xfrm
