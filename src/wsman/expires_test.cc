#include "wsman/expires.h"

#include <gmock/gmock.h>

#include "wsman/service_testing.h"

namespace qm::wsman {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kSecond = 10'000'000;

TEST(DateTimes, are_read_as_moments) {
  constexpr std::uint64_t kEpoch = kFiletimeOfUnixEpoch;
  EXPECT_EQ(date_time_100ns("1970-01-01T00:00:00Z"), kEpoch);
  EXPECT_EQ(date_time_100ns(" 1970-01-01T00:00:01.5 "), kEpoch + 15'000'000);
  EXPECT_EQ(date_time_100ns("1970-01-01T02:30:00+02:30"), kEpoch);
  EXPECT_EQ(date_time_100ns("1969-12-31T18:00:00-06:00"), kEpoch);
  EXPECT_EQ(date_time_100ns("1969-12-31T24:00:00Z"), kEpoch);
  EXPECT_EQ(date_time_100ns("1970-01-01T00:00:00.00000019Z"), kEpoch + 1);
  EXPECT_EQ(date_time_100ns("2024-02-29T12:00:00Z"), kEpoch + 1'709'208'000 * kSecond);
  EXPECT_EQ(date_time_100ns("1601-01-01T00:00:00Z"), 0U);
}

TEST(DateTimes, that_are_none_are_told) {
  for (const char* text : {"",
                           "now",
                           "2026-11-30",
                           "16:00:00",
                           "2026-11-30T16:00",
                           "2026-11-30 16:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2025-02-29T00:00:00Z",
                           "2026-11-30T25:00:00Z",
                           "2026-11-30T24:00:01Z",
                           "2026-11-30T16:60:00Z",
                           "2026-11-30T16:00:60Z",
                           "2026-11-30T16:00:00.Z",
                           "2026-11-30T16:00:00+15:00",
                           "2026-11-30T16:00:00+14:01",
                           "2026-11-30T16:00:00Zx",
                           "2026-11-30T16:00:00+0100",
                           "0000-01-01T00:00:00Z",
                           "1600-12-31T23:59:59Z",
                           "+026-11-30T16:00:00Z",
                           "-2026-11-30T16:00:00Z"}) {
    EXPECT_EQ(date_time_100ns(text), std::nullopt) << text;
  }
}

TEST(DateTimes, are_written_as_they_are_read) {
  for (const char* text : {"1601-01-01T00:00:00.000Z", "2026-11-30T16:05:09.120Z",
                           "2024-02-29T23:59:59.999Z", "9999-12-31T23:59:59.999Z"}) {
    EXPECT_EQ(date_time_text(date_time_100ns(text).value()), text);
  }
}

class WsManExpires : public WsManTest {
 protected:
  std::string in_ms(std::int64_t ms) const {
    return date_time_text(world_.time.filetime_100ns + static_cast<std::uint64_t>(ms * 10'000));
  }
  static std::string expires(const Told& told, std::string_view name_space) {
    return Told::text(told.body->child(name_space, "Expires"));
  }
  static Asking subscribe(const std::string& text, const std::string& more = "",
                          const std::string& in_delivery = "") {
    Asking asking;
    asking.action = kSubscribe;
    asking.uri = std::string(kTestUri) + "*";
    asking.body = "<ev:Subscribe><ev:Delivery Mode=\"" + std::string(kPullDelivery) + "\">" +
                  in_delivery + "</ev:Delivery>" +
                  (text.empty() ? "" : "<ev:Expires>" + text + "</ev:Expires>") +
                  wql_filter(
                      "SELECT * FROM __InstanceModificationEvent WITHIN 1 WHERE "
                      "TargetInstance ISA 'Test_Small'") +
                  more + "</ev:Subscribe>";
    return asking;
  }
  Told manage(const std::string& context, std::string_view action, const std::string& inside) {
    Asking asking;
    asking.action = std::string(kEventing) + "/" + std::string(action);
    asking.headers = "<ev:Identifier>" + context + "</ev:Identifier>";
    asking.body = "<ev:" + std::string(action) + ">" + inside + "</ev:" + std::string(action) + ">";
    return ask(asking);
  }
};

TEST_F(WsManExpires, an_enumeration_ends_at_its_moment_however_often_it_is_pulled) {
  const Told told = ask(enumerate("<en:Expires>" + in_ms(10'000) + "</en:Expires>"));
  EXPECT_EQ(expires(told, kEnumeration), in_ms(10'000));
  pass_ms(9'999);
  EXPECT_EQ(fault_of(pull(told.context())), "(no fault)");
  pass_ms(1);
  EXPECT_EQ(fault_of(pull(told.context())), "s:Receiver n:InvalidEnumerationContext");
}

TEST_F(WsManExpires, nobody_gets_more_than_there_is) {
  const std::string most = in_ms(static_cast<std::int64_t>(wmi::kMostEnumerationLifeMs));
  const Told told = ask(enumerate("<en:Expires>2999-01-01T00:00:00Z</en:Expires>"));
  EXPECT_EQ(expires(told, kEnumeration), most);
  EXPECT_EQ(expires(ask(enumerate("<en:Expires>P1Y</en:Expires>")), kEnumeration), "PT900.000S");
  EXPECT_EQ(expires(ask(subscribe("2999-01-01T00:00:00Z")), kEventing), most);
}

TEST_F(WsManExpires, what_is_over_or_unknown_is_refused) {
  for (const std::string& over :
       {std::string("PT0S"), std::string("-PT5M"), in_ms(0), in_ms(-60'000)}) {
    EXPECT_EQ(fault_of(enumerate("<en:Expires>" + over + "</en:Expires>")),
              "s:Sender n:InvalidExpirationTime");
    EXPECT_EQ(fault_of(subscribe(over)), "s:Sender e:InvalidExpirationTime");
  }
  for (const char* unknown : {"", "soon", "600", "2026-11-30", "-soon"}) {
    EXPECT_EQ(fault_of(enumerate("<en:Expires>" + std::string(unknown) + "</en:Expires>")),
              "s:Sender n:UnsupportedExpirationType")
        << unknown;
  }
  EXPECT_EQ(fault_of(subscribe("soon")), "s:Sender e:UnsupportedExpirationType");
  EXPECT_EQ(ask(subscribe("soon")).action(),
            "http://schemas.xmlsoap.org/ws/2004/08/eventing/fault");
  EXPECT_THAT(ask(subscribe("soon")).reason(), HasSubstr("PT10M"));
}

TEST_F(WsManExpires, a_subscription_is_renewed_to_a_moment_and_to_a_duration) {
  const std::string context = ask(subscribe(in_ms(5'000))).context();
  pass_ms(2'000);
  EXPECT_EQ(expires(manage(context, "GetStatus", ""), kEventing), in_ms(3'000));
  const Told until = manage(context, "Renew", "<ev:Expires>" + in_ms(8'000) + "</ev:Expires>");
  EXPECT_EQ(expires(until, kEventing), in_ms(8'000));
  pass_ms(7'999);
  const Told again = manage(context, "Renew", "<ev:Expires>PT2S</ev:Expires>");
  EXPECT_EQ(expires(again, kEventing), "PT2.000S");
  pass_ms(1'999);
  EXPECT_EQ(manage(context, "Renew", "<ev:Expires>PT0S</ev:Expires>").fault(),
            "s:Sender e:InvalidExpirationTime");
  EXPECT_EQ(expires(manage(context, "GetStatus", ""), kEventing), "PT2.000S");
  pass_ms(2'000);
  EXPECT_EQ(manage(context, "GetStatus", "").fault(), "s:Sender e:InvalidMessage");
}

TEST_F(WsManExpires, bookmarks_are_not_promised_and_what_means_pushed_events_is_passed_over) {
  const std::string bookmarks = "s:Sender w:UnsupportedFeature Bookmarks";
  EXPECT_EQ(fault_of(subscribe("", "<man:SendBookmarks/>")), bookmarks);
  EXPECT_EQ(fault_of(subscribe("", "<man:Bookmark>1</man:Bookmark>")), bookmarks);
  // As Windows' clients of CIM subscribe.
  EXPECT_EQ(fault_of(subscribe("PT60.000S", "",
                               "<man:Heartbeats>PT60.000S</man:Heartbeats><man:Locale "
                               "xml:lang=\"en-US\" env:mustUnderstand=\"false\"/>"
                               "<man:ConnectionRetry Total=\"3\">PT5S</man:ConnectionRetry>"
                               "<man:ContentEncoding>UTF-16</man:ContentEncoding>")),
            "(no fault)");
}

}  // namespace
}  // namespace qm::wsman
