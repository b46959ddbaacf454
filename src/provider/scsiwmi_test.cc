// A miniport's own WMI code, driven without Windows and served on Linux.
#include "quickmode/scsiwmi.h"

#include <cerrno>
#include <cstring>

#include "provider/service_testing_linux.h"

namespace qm::provider {
namespace {

// The seed's class as its header has it; folders above this one compile the header itself.
constexpr GUID kStats = {
    0xb4d1c606, 0x8682, 0x4b7a, {0xac, 0x6b, 0xd8, 0x83, 0xd9, 0x15, 0x55, 0xfb}};
constexpr ULONG kBlockBytes = 144;
constexpr ULONG kBufferBytes = 512;
constexpr const char* kPdo = "PCI\\VEN_1077&DEV_8032\\0000:3b:00.0";

struct Adapter {
  ULONGLONG active_sa = 0;
  UCHAR status = SRB_STATUS_SUCCESS;
  bool enabled = false;
};

UCHAR query_reginfo(PVOID, PSCSIWMI_REQUEST_CONTEXT, PWCHAR* name) {
  static WCHAR resource[] = {'M', 0};
  *name = resource;
  return SRB_STATUS_SUCCESS;
}

BOOLEAN query_block(PVOID device, PSCSIWMI_REQUEST_CONTEXT request, ULONG, ULONG, ULONG,
                    PULONG lengths, ULONG room, PUCHAR buffer) {
  const auto* adapter = static_cast<const Adapter*>(device);
  UCHAR status = adapter->status;
  if (status == SRB_STATUS_SUCCESS && room < kBlockBytes) status = SRB_STATUS_DATA_OVERRUN;
  if (status == SRB_STATUS_SUCCESS) {
    std::memset(buffer, 0, kBlockBytes);
    std::memcpy(buffer, &adapter->active_sa, sizeof adapter->active_sa);
    *lengths = kBlockBytes;
  }
  ScsiPortWmiPostProcess(request, status, kBlockBytes);
  return FALSE;
}

BOOLEAN set_block(PVOID device, PSCSIWMI_REQUEST_CONTEXT request, ULONG, ULONG, ULONG bytes,
                  PUCHAR buffer) {
  if (bytes >= 8) std::memcpy(&static_cast<Adapter*>(device)->active_sa, buffer, 8);
  ScsiPortWmiPostProcess(request, SRB_STATUS_SUCCESS, 0);
  return FALSE;
}

BOOLEAN execute(PVOID, PSCSIWMI_REQUEST_CONTEXT request, ULONG, ULONG, ULONG method, ULONG, ULONG,
                PUCHAR buffer) {
  buffer[0] = static_cast<UCHAR>(buffer[0] + method);
  ScsiPortWmiPostProcess(request, SRB_STATUS_SUCCESS, 1);
  return FALSE;
}

BOOLEAN control(PVOID device, PSCSIWMI_REQUEST_CONTEXT, ULONG,
                SCSIWMI_ENABLE_DISABLE_CONTROL function, BOOLEAN enable) {
  if (function == ScsiWmiDataBlockControl) static_cast<Adapter*>(device)->enabled = enable != 0;
  return FALSE;
}

class ScsiWmi : public Service {
 protected:
  SCSIWMI_REQUEST_CONTEXT dispatch(UCHAR minor, void* buffer, ULONG bytes) {
    SCSIWMI_REQUEST_CONTEXT request{};
    GUID guid = kStats;
    EXPECT_EQ(
        ScsiPortWmiDispatchFunction(&context_, minor, &adapter_, &request, &guid, bytes, buffer),
        FALSE);
    return request;
  }

  Adapter adapter_;
  SCSIWMIGUIDREGINFO list_ = {&kStats, 1, 0};
  SCSI_WMILIB_CONTEXT context_ = {1,         &list_,  query_reginfo, query_block,
                                  set_block, nullptr, execute,       control};
  alignas(8) std::array<UCHAR, kBufferBytes> buffer_{};
};

TEST_F(ScsiWmi, LaysItsStructuresOutAsWindowsDoes) {
  EXPECT_EQ(sizeof(WNODE_HEADER), 48U);
  EXPECT_EQ(offsetof(WNODE_HEADER, Guid), 24U);
  EXPECT_EQ(offsetof(WNODE_HEADER, Flags), 44U);
  EXPECT_EQ(offsetof(WNODE_ALL_DATA, FixedInstanceSize), 60U);
  EXPECT_EQ(offsetof(WNODE_SINGLE_INSTANCE, SizeDataBlock), 60U);
  EXPECT_EQ(offsetof(WNODE_TOO_SMALL, SizeNeeded), 48U);
}

TEST_F(ScsiWmi, AnswersForAllInstances) {
  adapter_.active_sa = 42;
  const auto request = dispatch(IRP_MN_QUERY_ALL_DATA, buffer_.data(), kBufferBytes);
  EXPECT_EQ(request.ReturnStatus, SRB_STATUS_SUCCESS);
  EXPECT_EQ(request.ReturnSize, 64 + kBlockBytes);
  WNODE_ALL_DATA node;
  std::memcpy(&node, buffer_.data(), sizeof node);
  EXPECT_EQ(node.WnodeHeader.Flags, 0x11U);
  EXPECT_EQ(node.DataBlockOffset, 64U);
  EXPECT_EQ(node.InstanceCount, 1U);
  EXPECT_EQ(node.FixedInstanceSize, kBlockBytes);
  EXPECT_EQ(buffer_[64], 42);
}

TEST_F(ScsiWmi, SaysHowMuchRoomItNeeds) {
  for (const UCHAR minor : {UCHAR{IRP_MN_QUERY_ALL_DATA}, UCHAR{IRP_MN_QUERY_SINGLE_INSTANCE}}) {
    buffer_ = {};
    const auto request = dispatch(minor, buffer_.data(), 64 + kBlockBytes - 1);
    EXPECT_EQ(request.ReturnStatus, SRB_STATUS_SUCCESS);
    WNODE_TOO_SMALL node;
    std::memcpy(&node, buffer_.data(), sizeof node);
    EXPECT_EQ(node.WnodeHeader.Flags, 0x20U);
    EXPECT_EQ(node.SizeNeeded, 64 + kBlockBytes);
  }
  EXPECT_EQ(dispatch(IRP_MN_QUERY_ALL_DATA, buffer_.data(), 8).ReturnStatus,
            SRB_STATUS_DATA_OVERRUN);
}

TEST_F(ScsiWmi, ChangesAndExecutesWithinTheBuffer) {
  WNODE_SINGLE_INSTANCE one{};
  one.DataBlockOffset = 64;
  one.SizeDataBlock = 8;
  std::memcpy(buffer_.data(), &one, sizeof one);
  buffer_[64] = 7;
  EXPECT_EQ(dispatch(IRP_MN_CHANGE_SINGLE_INSTANCE, buffer_.data(), 72).ReturnStatus,
            SRB_STATUS_SUCCESS);
  EXPECT_EQ(adapter_.active_sa, 7U);
  EXPECT_EQ(dispatch(IRP_MN_CHANGE_SINGLE_INSTANCE, buffer_.data(), 71).ReturnStatus,
            SRB_STATUS_INVALID_REQUEST);
  WNODE_SINGLE_ITEM item{};
  item.ItemId = 3;
  item.DataBlockOffset = 72;
  item.SizeDataItem = 1;
  std::memcpy(buffer_.data(), &item, sizeof item);
  buffer_[72] = 5;
  EXPECT_EQ(dispatch(IRP_MN_EXECUTE_METHOD, buffer_.data(), 73).ReturnSize, 73U);
  EXPECT_EQ(buffer_[72], 8);
  EXPECT_EQ(dispatch(IRP_MN_CHANGE_SINGLE_ITEM, buffer_.data(), 73).ReturnStatus,
            SRB_STATUS_INVALID_REQUEST);  // this miniport sets no items
}

TEST_F(ScsiWmi, RefusesWhatItDoesNotKnow) {
  SCSIWMI_REQUEST_CONTEXT request{};
  GUID other{};
  ScsiPortWmiDispatchFunction(&context_, IRP_MN_QUERY_ALL_DATA, &adapter_, &request, &other,
                              kBufferBytes, buffer_.data());
  EXPECT_EQ(request.ReturnStatus, SRB_STATUS_INVALID_REQUEST);
  EXPECT_EQ(dispatch(0x55, buffer_.data(), kBufferBytes).ReturnStatus, SRB_STATUS_INVALID_REQUEST);
  EXPECT_EQ(dispatch(IRP_MN_REGINFO, buffer_.data(), kBufferBytes).ReturnStatus,
            SRB_STATUS_SUCCESS);
  dispatch(IRP_MN_ENABLE_COLLECTION, nullptr, 0);
  EXPECT_TRUE(adapter_.enabled);
}

TEST_F(ScsiWmi, IsServedUnderThePdosName) {
  start();
  Good provider(path_, "miniport");
  qm_registration* stats = nullptr;
  ASSERT_EQ(qm_scsiwmi_register(provider, &context_, 0, kBlockBytes, 18, &stats), 0);
  EXPECT_EQ(qm_scsiwmi_register(provider, &context_, 1, kBlockBytes, 18, &stats), -EINVAL);
  adapter_.active_sa = 12;
  ASSERT_EQ(qm_scsiwmi_publish(stats, &context_, 0, &adapter_, kPdo, kBlockBytes), 0);
  adapter_.status = SRB_STATUS_ERROR;  // what was published stays
  adapter_.active_sa = 99;
  EXPECT_EQ(qm_scsiwmi_publish(stats, &context_, 0, &adapter_, kPdo, kBlockBytes), -EIO);
  ASSERT_TRUE(until([&] { return registered() == 1; }));
  const Generation generation = read();
  ASSERT_EQ(generation.instances.size(), 1U);
  EXPECT_EQ(generation.instances[0].name, std::string(kPdo) + "_0");
  EXPECT_EQ(first_word(generation.instances[0]), 12U);
}

}  // namespace
}  // namespace qm::provider
