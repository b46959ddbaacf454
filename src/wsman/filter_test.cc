// Filters, and subscriptions to events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wsman/filter.h"
#include "wsman/service_testing.h"

namespace qm::wsman {
namespace {

using ::testing::HasSubstr;

class WsManFilter : public WsManTest {
 protected:
  Told query(std::string_view wql, const std::string& more = std::string(kAllAtOnce)) {
    return ask(enumerate(more + wql_filter(wql), "*"));
  }
  Told filtered(std::string_view dialect, const std::string& inside) {
    return ask(enumerate(std::string(kAllAtOnce) + "<en:Filter Dialect=\"" + std::string(dialect) +
                         "\">" + inside + "</en:Filter>"));
  }
};

TEST_F(WsManFilter, wql_selects_instances) {
  Told told = query("SELECT * FROM Test_All WHERE U64 &gt; 7");
  ASSERT_EQ(told.items().size(), 1U) << told.reply.body;
  EXPECT_EQ(values_of(*told.items()[0], "InstanceName"), "A\\<one>&_0");
  told = filtered(kWqlDialect, "SELECT * FROM Test_All WHERE U64 = 7");
  EXPECT_EQ(told.items().size(), 1U);
  told = filtered(kWqlDialect, "SELECT * FROM Test_Small");
  EXPECT_EQ(told.fault(), "s:Sender n:CannotProcessFilter");
}

TEST_F(WsManFilter, selected_properties_are_fragments) {
  const Told told = query("SELECT U64, InstanceName, __CLASS FROM Test_All WHERE U64 = 7");
  ASSERT_EQ(told.items().size(), 1U) << told.reply.body;
  const xml::Element& one = *told.items()[0];
  EXPECT_TRUE(one.is(kManagement, "XmlFragment"));
  EXPECT_TRUE(one.first_child->is(std::string(kTestUri) + "Test_All", "U64"));
  EXPECT_EQ(values_of(one, "U64"), "7");
  EXPECT_EQ(values_of(one, "InstanceName"), "two_0");
  EXPECT_EQ(values_of(one, "__CLASS"), "Test_All");
}

TEST_F(WsManFilter, a_wrong_query_is_told_with_a_caret) {
  const Told told = query("SELECT * FROM Test_All WHERE Colour = 3");
  EXPECT_EQ(told.fault(), "s:Sender n:CannotProcessFilter");
  EXPECT_EQ(told.action(), "http://schemas.xmlsoap.org/ws/2004/09/enumeration/fault");
  EXPECT_THAT(told.reason(), HasSubstr("Colour"));
  const xml::Element* windows =
      told.body->child(kSoap, "Detail")->child(kMicrosoftFault, "WSManFault");
  EXPECT_EQ(windows->attribute("", "Code"), "2147749911");  // WBEM_E_INVALID_QUERY
  EXPECT_EQ(windows->attribute("", "Machine"), "HOST");
  EXPECT_THAT(Told::text(windows->child(kMicrosoftFault, "Message")), HasSubstr("^"));
  EXPECT_EQ(query("SELECT * FROM __InstanceCreationEvent WITHIN 1 WHERE TargetInstance ISA "
                  "'Test_All'")
                .fault(),
            "s:Sender n:CannotProcessFilter");
}

TEST_F(WsManFilter, other_dialects_are_refused_with_those_that_there_are) {
  const Told told = filtered("http://www.w3.org/TR/1999/REC-xpath-19991116", "*");
  EXPECT_EQ(told.fault(), "s:Sender n:FilterDialectRequestedUnavailable");
  EXPECT_EQ(Told::text(told.body->child(kSoap, "Detail")->child(kEnumeration, "SupportedDialect")),
            kWqlDialect);
  EXPECT_EQ(fault_of(enumerate(wql_filter("x") + "<en:Filter>y</en:Filter>")),
            "s:Sender n:CannotProcessFilter");
  EXPECT_EQ(fault_of(enumerate("", "*")), "s:Sender w:UnsupportedFeature FilteringRequired");
}

TEST_F(WsManFilter, selectors_filter_by_equality) {
  Told told =
      filtered(kSelectorDialect, selectors(selector("u64", "7") + selector("Text", "SMALL")));
  ASSERT_EQ(told.items().size(), 1U) << told.reply.body;
  EXPECT_EQ(values_of(*told.items()[0], "InstanceName"), "two_0");
  told = filtered(kSelectorDialect, selectors(selector("InstanceName", "A\\&lt;one&gt;&amp;_0")));
  EXPECT_EQ(told.items().size(), 1U);
  EXPECT_EQ(filtered(kSelectorDialect, selectors(selector("Colour", "7"))).fault(),
            "s:Sender n:CannotProcessFilter");
  EXPECT_EQ(filtered(kSelectorDialect, selectors(selector("U64", "\" OR U64 &gt; 0"))).fault(),
            "s:Sender n:CannotProcessFilter");
  EXPECT_EQ(filtered(kSelectorDialect, "").fault(), "s:Sender n:CannotProcessFilter");
}

TEST_F(WsManFilter, associations_are_found) {
  // Test_All "two_0" has the text "small", which is Test_Small's name.
  const auto of = [](std::string_view kind, std::string_view name, std::string_view more = "") {
    return "<cb:" + std::string(kind) +
           "><cb:Object><adr:Address>x</adr:Address>"
           "<adr:ReferenceParameters><man:ResourceURI>" +
           std::string(kTestUri) + "Test_All</man:ResourceURI>" +
           selectors(selector("InstanceName", name)) + "</adr:ReferenceParameters></cb:Object>" +
           std::string(more) + "</cb:" + std::string(kind) + ">";
  };
  Told told = filtered(kAssociationDialect, of("AssociatedInstances", "two_0"));
  ASSERT_EQ(told.items().size(), 1U) << told.reply.body;
  EXPECT_EQ(told.items()[0]->name, "Test_Small");
  told = filtered(kAssociationDialect, of("AssociatedInstances", "two_0",
                                          "<cb:ResultClassName>Test_All</cb:ResultClassName>"));
  EXPECT_EQ(told.items().size(), 0U);
  told = filtered(kAssociationDialect, of("AssociationInstances", "two_0"));
  ASSERT_EQ(told.items().size(), 1U) << told.reply.body;
  EXPECT_EQ(told.items()[0]->name, "Test_Link");
  const xml::Element* whole = told.items()[0]->child(std::string(kTestUri) + "Test_Link", "Whole");
  EXPECT_NE(whole->child(kAddressing, "ReferenceParameters"), nullptr);
  EXPECT_EQ(
      filtered(kAssociationDialect, of("AssociatedInstances", "two_0", "<cb:Role>a b</cb:Role>"))
          .fault(),
      "s:Sender n:CannotProcessFilter");

  const std::string property = "<cb:IncludeResultProperty>u64</cb:IncludeResultProperty>";
  told = filtered(kAssociationDialect, of("AssociatedInstances", "two_0", property));
  ASSERT_EQ(told.items().size(), 1U) << told.reply.body;
  EXPECT_TRUE(told.items()[0]->is(kManagement, "XmlFragment"));
  EXPECT_EQ(values_of(*told.items()[0], "U64"), "5");
  EXPECT_EQ(values_of(*told.items()[0], "InstanceName"), "");
  std::string many;
  for (std::size_t i = 0; i < kMostResultProperties; ++i) many += property;
  EXPECT_EQ(filtered(kAssociationDialect, of("AssociatedInstances", "two_0", many)).fault(),
            "(no fault)");
  EXPECT_EQ(
      filtered(kAssociationDialect, of("AssociatedInstances", "two_0", many + property)).fault(),
      "s:Sender n:CannotProcessFilter");
}

class WsManEvents : public WsManTest {
 protected:
  static Asking subscribe(std::string_view wql, std::string_view mode = kPullDelivery) {
    return {std::string(kSubscribe), std::string(kTestUri) + "*", "",
            "<ev:Subscribe><ev:Delivery Mode=\"" + std::string(mode) + "\"/>" + wql_filter(wql) +
                "</ev:Subscribe>"};
  }
  static constexpr std::string_view kChanges =
      "SELECT * FROM __InstanceModificationEvent WITHIN 0.5 WHERE TargetInstance ISA 'Test_Small'";
};

TEST_F(WsManEvents, are_pulled_when_they_happen) {
  Told told = ask(subscribe(kChanges));
  ASSERT_TRUE(told.body->is(kEventing, "SubscribeResponse")) << told.reply.body;
  const std::string context = told.context();
  EXPECT_EQ(ask_bytes(pull(context).text()).again_ms, 500U);  // nothing yet: wait
  publish_small(6);
  waited_ms_ = 500;
  told = ask(pull(context));
  ASSERT_EQ(told.items().size(), 1U) << told.reply.body;
  const xml::Element& event = *told.items()[0];
  EXPECT_EQ(event.name, "__InstanceModificationEvent");
  EXPECT_EQ(event.attribute(kInstance, "type"), "p:__InstanceModificationEvent_Type");
  const auto u64 = [&](std::string_view side) {
    for (const auto* one = event.first_child; one != nullptr; one = one->next) {
      if (one->name == side) return values_of(*one, "U64");
    }
    return std::string("(none)");
  };
  EXPECT_EQ(u64("TargetInstance"), "6");
  EXPECT_EQ(u64("PreviousInstance"), "5");
  EXPECT_EQ(told.context(), context);
  EXPECT_TRUE(ask_bytes(pull(context).text()).again_ms);
}

TEST_F(WsManEvents, that_never_come_time_out) {
  const std::string context = ask(subscribe(kChanges)).context();
  const Asking asking = pull(context, "", "<man:OperationTimeout>PT2S</man:OperationTimeout>");
  waited_ms_ = 1'900;
  EXPECT_EQ(ask_bytes(asking.text()).again_ms, 100U);
  waited_ms_ = 2'000;
  const Told told = ask(asking);
  EXPECT_EQ(told.fault(), "s:Receiver w:TimedOut");
  EXPECT_THAT(told.reply.body, HasSubstr("2150858793"));  // what clients pull again for
  waited_ms_ = 0;
  EXPECT_TRUE(ask_bytes(pull(context).text()).again_ms);
}

TEST_F(WsManEvents, subscriptions_end_and_are_renewed) {
  const std::string context = ask(subscribe(kChanges)).context();
  const auto manage = [&](std::string_view action) {
    Asking asking;
    asking.action = std::string(kEventing) + "/" + std::string(action);
    asking.headers = "<ev:Identifier>" + context + "</ev:Identifier>";
    asking.body = "<ev:" + std::string(action) + "/>";
    return ask(asking);
  };
  EXPECT_TRUE(manage("Renew").body->is(kEventing, "RenewResponse"));
  EXPECT_EQ(Told::text(manage("GetStatus").body->child(kEventing, "Expires")), "PT900.000S");
  EXPECT_EQ(manage("Unsubscribe").action(), std::string(kUnsubscribe) + "Response");
  EXPECT_EQ(manage("Unsubscribe").fault(), "s:Sender e:InvalidMessage");
  EXPECT_EQ(fault_of(pull(context)), "s:Receiver n:InvalidEnumerationContext");
}

TEST_F(WsManEvents, select_and_group) {
  std::string context =
      ask(subscribe("SELECT TargetInstance.U64 FROM __InstanceModificationEvent WITHIN 1 WHERE "
                    "TargetInstance ISA 'Test_Small'"))
          .context();
  publish_small(8);
  Told told = ask(pull(context));
  ASSERT_EQ(told.items().size(), 1U) << told.reply.body;
  EXPECT_EQ(values_of(*told.items()[0], "TargetInstance.U64"), "8");
  context = ask(subscribe(std::string(kChanges) + " GROUP WITHIN 1")).context();
  publish_small(9);
  EXPECT_TRUE(ask_bytes(pull(context).text()).again_ms);
  pass_ms(1'000);
  told = ask(pull(context));
  ASSERT_EQ(told.items().size(), 1U) << told.reply.body;
  EXPECT_EQ(values_of(*told.items()[0], "NumberOfEvents"), "1");
}

TEST_F(WsManEvents, wait_until_there_is_room_for_them) {
  const std::string context = ask(subscribe("SELECT * FROM __InstanceOperationEvent WITHIN 1 WHERE "
                                            "TargetInstance ISA 'Test_Small'"))
                                  .context();
  wmi::BlockBuilder block(world_.the("Test_Small"));
  std::vector<wmi::MadeInstance> many;
  for (int i = 0; i < 40; ++i) {
    many.push_back({"n" + std::to_string(i), "", true, block.block(), block.qualities()});
  }
  world_.source.publish(small_, {7, 8}, std::move(many));
  const std::string header = "<man:MaxEnvelopeSize>8192</man:MaxEnvelopeSize>";
  std::size_t events = 0;
  for (int pulls = 0; pulls < 60; ++pulls) {
    const auto reply =
        ask_bytes(pull(context, "<en:MaxElements>100</en:MaxElements>", header).text());
    if (reply.again_ms) break;
    EXPECT_LE(reply.body.size(), 8'192U);
    events += read(reply).items().size();
  }
  EXPECT_EQ(events, 41U);  // 40 came, one went
}

TEST_F(WsManEvents, that_may_not_wait_are_told_of) {
  const std::string context = ask(subscribe("SELECT * FROM __InstanceCreationEvent WITHIN 1 WHERE "
                                            "TargetInstance ISA 'Test_Small'"))
                                  .context();
  wmi::BlockBuilder block(world_.the("Test_Small"));
  std::vector<wmi::MadeInstance> many;
  const auto publish = [&](std::size_t instances) {
    while (many.size() < instances) {
      many.push_back(
          {"n" + std::to_string(many.size()), "", true, block.block(), block.qualities()});
    }
    world_.source.publish(small_, {7, 8}, many);
  };
  const auto pull_all = [&] {
    std::size_t events = 0;
    while (true) {
      const auto reply = ask_bytes(pull(context, "<en:MaxElements>10000</en:MaxElements>",
                                        "<man:MaxEnvelopeSize>4194304</man:MaxEnvelopeSize>")
                                       .text());
      if (reply.again_ms) return std::pair(events, std::string());
      const Told told = read(reply);
      if (told.fault() != "(no fault)") return std::pair(events, told.fault());
      events += told.items().size();
    }
  };
  publish(kMostWaitingEvents);
  EXPECT_EQ(pull_all(), std::pair(kMostWaitingEvents, std::string()));
  publish(2 * kMostWaitingEvents + 1);
  EXPECT_EQ(pull_all(), std::pair(kMostWaitingEvents, std::string("s:Sender w:QuotaLimit")));
  EXPECT_EQ(pull_all(), std::pair(std::size_t{0}, std::string()));
}

TEST_F(WsManEvents, hold_snapshots_up_to_a_limit) {
  const std::uint64_t bytes = [&] {
    std::uint64_t sum = 0;
    for (const auto& part : world_.snapshot()->parts) {
      const auto& generation = part->generation;
      sum += generation.storage.size() + generation.quality_storage.size() +
             generation.instances.size() * sizeof(provider::InstanceData);
    }
    return sum;
  }();
  for (const std::uint64_t most : {2 * bytes, 2 * bytes - 1}) {
    service_ = std::make_unique<Service>("HOST", "0.1.0", wmi::EnumerationLimits{},
                                         wmi::EnumerationLimits{64, 32, most});
    publish_small(1);
    publish_both(1);
    EXPECT_EQ(fault_of(subscribe(kChanges)), "(no fault)");
    EXPECT_EQ(fault_of(subscribe(kChanges)), "(no fault)");  // of the same snapshot
    publish_both(2);
    EXPECT_EQ(fault_of(subscribe(kChanges)),
              most == 2 * bytes ? "(no fault)" : "s:Sender w:QuotaLimit");
  }
}

TEST_F(WsManEvents, only_what_can_be_delivered_is_subscribed_to) {
  EXPECT_EQ(fault_of(subscribe(kChanges,
                               "http://schemas.xmlsoap.org/ws/2004/08/eventing/"
                               "DeliveryModes/Push")),
            "s:Sender e:DeliveryModeRequestedUnavailable");
  EXPECT_EQ(fault_of(subscribe("SELECT * FROM Test_Small")), "s:Sender n:CannotProcessFilter");
  Asking none = subscribe(kChanges);
  none.body =
      "<ev:Subscribe><ev:Delivery Mode=\"" + std::string(kPullDelivery) + "\"/></ev:Subscribe>";
  EXPECT_EQ(fault_of(none), "s:Sender w:UnsupportedFeature FilteringRequired");
  for (std::size_t i = 0; i < kMostSubscriptionsOfClient; ++i) {
    ASSERT_EQ(fault_of(subscribe(kChanges)), "(no fault)");
  }
  EXPECT_EQ(fault_of(subscribe(kChanges)), "s:Sender w:QuotaLimit");
}

}  // namespace
}  // namespace qm::wsman
