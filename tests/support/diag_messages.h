// sock_diag's answers, byte by byte as net/ipv4/inet_diag.c and tcp.c of Linux 6.1 make them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "xfrm/connections.h"

namespace qm::test {

// Rows of one answer, of those connections that are of this family; done: with its end.
std::vector<std::byte> diag_answer(const std::vector<xfrm::TcpConnection>& connections,
                                   std::uint32_t seq, bool done = true);
std::vector<std::byte> diag_row(const xfrm::TcpConnection& connection, std::uint32_t seq);
std::vector<std::byte> diag_end(std::uint32_t seq, std::int32_t error = 0);
std::vector<std::byte> diag_refusal(std::uint32_t seq, std::int32_t error);

}  // namespace qm::test
