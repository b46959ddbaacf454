#include "iscsi/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iscsi/inventory.h"

namespace qm::iscsi {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::string_view_literals;

TEST(IfaceRecord, IsReadWhateverItsBlanks) {
  const IfaceRecord record = parse_iface_record(
      "# iface.transport_name = iser\r\n\t iface.transport_name=tcp \r\n"
      "iface.net_ifacename = <empty>\niface.hwaddress\niface.initiatorname = iqn.x:a=b\n"
      "iface.name = other");
  EXPECT_EQ(record.transport_name, "tcp");
  EXPECT_EQ(record.net_device, "");
  EXPECT_EQ(record.hardware_address, "");
  EXPECT_EQ(record.initiator_name, "iqn.x:a=b");
}

TEST(IfaceRecord, OfNothingSaysNothing) {
  for (const auto text : {""sv, "\n\n"sv, "="sv, "\0\0="sv, "iface.transport_name"sv}) {
    EXPECT_EQ(parse_iface_record(text).transport_name, "");
  }
}

TEST(InitiatorName, TheLastOneCounts) {
  EXPECT_EQ(parse_initiator_name("#InitiatorName=a\nInitiatorName=b\n InitiatorName = c \n"), "c");
  EXPECT_EQ(parse_initiator_name("InitiatorAlias=x"), "");
}

TEST(Mountinfo, ReadsDevicePointAndSource) {
  const auto entries = parse_mountinfo(
      "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/my\\040root rw\n"
      "37 35 0:5 / /run rw - tmpfs tmpfs rw\n");
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(entries[0].major, 98U);
  EXPECT_EQ(entries[0].minor, 0U);
  EXPECT_EQ(entries[0].mount_point, "/mnt2");
  EXPECT_EQ(entries[0].source, "/dev/my root");
  EXPECT_EQ(entries[1].mount_point, "/run");
}

TEST(Mountinfo, LeavesOutLinesThatAreNone) {
  EXPECT_THAT(parse_mountinfo("\nx\n1 2 3 / /a rw - x y\n1 2 :1 / /a rw - x y\n1 2 8:a / /a\n"
                              "1 2 8:99999999999 / /a rw\n"),
              IsEmpty());
  const auto cut_off = parse_mountinfo("1 2 8:1 / /a");
  ASSERT_THAT(cut_off, SizeIs(1));
  EXPECT_EQ(cut_off[0].source, "");
}

TEST(Octal, IsDecodedWhereItIsOneAndKeptElsewhere) {
  EXPECT_EQ(decode_octal("a\\040b\\134c\\012"), "a b\\c\n");
  EXPECT_EQ(decode_octal("\\"), "\\");
  EXPECT_EQ(decode_octal("\\04"), "\\04");
  EXPECT_EQ(decode_octal("\\400\\08a"), "\\400\\08a");
  EXPECT_EQ(decode_octal("\\377"), "\xff");
  EXPECT_EQ(decode_octal("\\000"), std::string(1, '\0'));
}

TEST(Swaps, ArePartitionsOnly) {
  EXPECT_THAT(parse_swaps("Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n"
                          "/swapfile file 1 0 -2\n/dev/dm-1\tpartition"),
              ElementsAre("/dev/sda2", "/dev/dm-1"));
}

TEST(Uevents, OfIscsiAndOfDisksConcernUs) {
  EXPECT_TRUE(
      concerns_iscsi("add@/devices/platform/host2/session1/iscsi_session/session1\0ACTION=add\0"
                     "SUBSYSTEM=iscsi_session\0SEQNUM=1\0"sv));
  EXPECT_TRUE(concerns_iscsi("remove@/x\0SUBSYSTEM=iscsi_connection\0"sv));
  EXPECT_TRUE(concerns_iscsi("add@/x\0SUBSYSTEM=iscsi_host"sv));
  EXPECT_TRUE(concerns_iscsi("change@/block/sda\0SUBSYSTEM=block\0DEVNAME=sda\0"sv));
}

TEST(Uevents, OfOtherThingsDoNot) {
  EXPECT_FALSE(concerns_iscsi(""sv));
  EXPECT_FALSE(concerns_iscsi("\0\0\0"sv));
  EXPECT_FALSE(concerns_iscsi("add@/x\0SUBSYSTEM=net\0INTERFACE=block\0"sv));
  EXPECT_FALSE(concerns_iscsi("add@/x\0SUBSYSTEM=blocks\0"sv));
  EXPECT_FALSE(concerns_iscsi("add@/iscsi_session/block"sv));
}

}  // namespace
}  // namespace qm::iscsi
