// The sample miniport of examples/: its WMI code as it stands, asked as Windows would ask it, and
// served under its PDO's name.
#include "provider/service_testing_linux.h"
#include "quickmode/scsiwmi.h"

extern "C" {
// What mofc made, then the miniport's own.
#include "adapter.h"
#include "iscsiprf.h"

#include "adapter_wmi.h"
}

namespace qm::provider {
namespace {

constexpr const char* kPdo = "PCI\\VEN_1077&DEV_8032\\0000:3b:00.0";
constexpr ULONG kRequests = 0;
constexpr ULONG kQmIpsec = 1;
constexpr std::uint32_t kDataItems = MSiSCSI_QMIPSECStats_TunnelBytesReceived_ID;

class Miniport : public Service {
 protected:
  Miniport() { adapter_wmi_init(&context_); }

  SCSIWMI_REQUEST_CONTEXT ask(ULONG index, UCHAR minor, ULONG bytes) {
    SCSIWMI_REQUEST_CONTEXT request{};
    GUID guid = *context_.GuidList[index].Guid;
    ScsiPortWmiDispatchFunction(&context_, minor, &adapter_, &request, &guid, bytes,
                                buffer_.data());
    return request;
  }

  adapter adapter_{};
  SCSI_WMILIB_CONTEXT context_{};
  alignas(8) std::array<UCHAR, 512> buffer_{};
};

TEST_F(Miniport, AnswersForEachOfItsClasses) {
  adapter_.completed = 7;
  adapter_.ipsec.ReKeys = 5;
  for (const ULONG index : {kRequests, kQmIpsec}) {
    const SCSIWMI_REQUEST_CONTEXT request = ask(index, IRP_MN_QUERY_ALL_DATA, 512);
    EXPECT_EQ(request.ReturnStatus, SRB_STATUS_SUCCESS);
    WNODE_ALL_DATA node{};
    std::memcpy(&node, buffer_.data(), sizeof node);
    EXPECT_EQ(node.InstanceCount, 1U);
    if (index == kRequests) continue;
    EXPECT_EQ(node.FixedInstanceSize, ULONG{MSiSCSI_QMIPSECStats_SIZE});
    MSiSCSI_QMIPSECStats block{};
    std::memcpy(&block, buffer_.data() + node.DataBlockOffset, sizeof block);
    EXPECT_EQ(block.ReKeys, 5U);
  }
}

TEST_F(Miniport, SaysWhenItsBlockDoesNotFit) {
  EXPECT_EQ(ask(kQmIpsec, IRP_MN_QUERY_ALL_DATA, sizeof(WNODE_ALL_DATA) + 100).ReturnStatus,
            SRB_STATUS_SUCCESS);
  WNODE_TOO_SMALL node{};
  std::memcpy(&node, buffer_.data(), sizeof node);
  EXPECT_EQ(node.WnodeHeader.Flags, ULONG{WNODE_FLAG_TOO_SMALL});
  EXPECT_GE(node.SizeNeeded, sizeof(WNODE_ALL_DATA) + MSiSCSI_QMIPSECStats_SIZE);
}

TEST_F(Miniport, ServesTheSeedsClassUnderItsPdosName) {
  start();
  Good provider(path_, "miniport");
  qm_registration* stats = nullptr;
  ASSERT_EQ(qm_scsiwmi_register(provider, &context_, kQmIpsec, MSiSCSI_QMIPSECStats_SIZE,
                                kDataItems, &stats),
            0);
  adapter_.ipsec.ActiveSA = 12;
  ASSERT_EQ(
      qm_scsiwmi_publish(stats, &context_, kQmIpsec, &adapter_, kPdo, MSiSCSI_QMIPSECStats_SIZE),
      0);
  ASSERT_TRUE(until([&] { return registered() == 1; }));
  const Generation generation = read();
  ASSERT_EQ(generation.instances.size(), 1U);
  EXPECT_EQ(generation.instances[0].name, std::string(kPdo) + "_0");
  EXPECT_EQ(first_word(generation.instances[0]), 12U);
}

}  // namespace
}  // namespace qm::provider
