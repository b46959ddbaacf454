#include "metrics/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "metrics/exposition_testing.h"
#include "metrics/page_testing.h"

namespace qm {
std::span<const EmbeddedFile> embedded_mof();  // the build's, as src/wmi has it
}

namespace qm::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view kStats = "MSiSCSI_QMIPSECStats";
constexpr std::string_view kHostile = "PCI\\evil\"} 1\\n{x=\"\\<b>=cmd|'_0";

// The built-in classes, and what a vendor might bring.
std::shared_ptr<const wmi::Repository> repository(std::string_view more = "") {
  static std::map<std::string, std::shared_ptr<const wmi::Repository>> known;
  if (auto& there = known[std::string(more)]; there) return there;
  std::vector<EmbeddedFile> files(embedded_mof().begin(), embedded_mof().end());
  if (!more.empty()) files.push_back({"vendor.mof", more});
  auto compiled = wmi::Repository::compile(files);
  EXPECT_TRUE(compiled) << compiled.error().message;
  return known[std::string(more)] = *compiled;
}

ReadPage read(const std::string& text, Format format) {
  ReadPage page = ExpositionReader(text, format == Format::open_metrics).read();
  EXPECT_THAT(page.errors, IsEmpty());
  return page;
}

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = QM_SOURCE_DIR "/tests/golden/metrics/" + name;
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(text, golden) << "differs from " << path << "; UPDATE_GOLDEN=1 rewrites it";
}

wmi::BlockBuilder counted(const MadeHost& host) {
  wmi::BlockBuilder block = host.block(kStats);
  std::uint64_t value = 1;
  for (const wmi::PropertyEntry& entry : host.entry(kStats).properties) {
    if (entry.origin == wmi::Origin::data) block.set(entry.property->name, value++);
  }
  return block;
}

// One of everything: adapters of two drivers, one hostile, one inactive, one whose values are
// doubtful; a session in the clear, SAs, the collector.
void fill(MadeHost& host) {
  wmi::BlockBuilder doubtful = counted(host);
  doubtful.set("ConfidentialBytesSent", ~std::uint64_t{0});
  doubtful.quality("BadSPIPackets", QM_UNAVAILABLE, QM_REASON_NO_PROBE);
  doubtful.quality("ReKeys", QM_INFERRED, QM_REASON_OVERLAP);
  doubtful.quality("KeyDeletions", QM_AT_LEAST, QM_REASON_GAP);
  host.publish(
      kStats, {MadeHost::instance("ROOT\\ISCSI_TCP\\default_0", counted(host)),
               MadeHost::instance("ROOT\\ISCSI_TCP\\ikev1_0", doubtful),
               MadeHost::instance("PCI\\VEN_1077&DEV_8032\\0000:3b:00.0_0", counted(host), false)});
  host.publish(kStats, {MadeHost::instance(std::string(kHostile), counted(host))}, "vendor \"x\"");
  wmi::BlockBuilder adapter = host.block("Quickmode_Adapter");
  adapter.text("Driver", "iscsi_tcp").text("Iface", "default").set("Sessions", 3U);
  adapter.set("ProtectedSessions", 2U).set("UnprotectedSessions", 1U);
  wmi::MadeInstance shown = MadeHost::instance("ROOT\\ISCSI_TCP\\default_0", adapter);
  shown.caption = "default (iscsi_tcp)";
  host.publish("Quickmode_Adapter", {shown});
  wmi::BlockBuilder session = host.block("Quickmode_Session");
  session.text("Adapter", "ROOT\\ISCSI_TCP\\default_0").text("Target", "iqn.2026-01.org.example:a");
  session.text("Portal", "[2001:db8::1]:3260").text("State", "LOGGED_IN");
  session.set("Protection", std::uint8_t{3});
  host.publish("Quickmode_Session", {MadeHost::instance("iqn.2026-01.org.example:a_1", session)});
  wmi::BlockBuilder sa = host.block("Quickmode_SA");
  sa.text("Adapter", "ROOT\\ISCSI_TCP\\default_0").text("Source", "192.0.2.1");
  sa.set("Protocol", std::uint8_t{50}).set("Mode", std::uint8_t{1});
  sa.set("Direction", std::uint8_t{2}).set("Bytes", std::uint64_t{4'711});
  host.publish("Quickmode_SA", {MadeHost::instance("esp:0xc1a2b3c4@192.0.2.2", sa)});
  wmi::BlockBuilder health = host.block("Quickmode_CollectorHealth");
  health.set("Gaps", std::uint64_t{2}).set("RefreshNanoseconds", std::uint64_t{1'250'000});
  health.set("KernelReadable", std::uint8_t{1}).text("Probes", "attached");
  host.publish("Quickmode_CollectorHealth", {MadeHost::instance("quickmode-collect_0", health)});
}

std::vector<OwnFamily> own_families() {
  return {{"quickmode_serve_build", Kind::info, "", "Which one", {{"version=\"1\"", 1, 0}}},
          {"quickmode_serve_requests", Kind::counter, "", "Requests", {{"", 17, 0}}},
          {"quickmode_serve_took_seconds", Kind::gauge, "seconds", "Took", {{"", 1'500'000, 9}}}};
}

TEST(Page, is_as_agreed_in_both_formats) {
  MadeHost host(repository());
  fill(host);
  const std::string text = host.page(Format::prometheus, own_families());
  const std::string open = host.page(Format::open_metrics, own_families());
  expect_golden("page.prom", text);
  expect_golden("page.openmetrics", open);
  const ReadPage a = read(text, Format::prometheus);
  const ReadPage b = read(open, Format::open_metrics);
  EXPECT_EQ(a.samples.size(), b.samples.size());
}

TEST(Page, shows_the_numbers_of_the_class) {
  MadeHost host(repository());
  fill(host);
  const ReadPage page = read(host.page(Format::prometheus), Format::prometheus);
  const std::map<std::string, std::string> of = {{"adapter", "default"},
                                                 {"driver", "quickmode-collect"}};
  const auto bytes = [&](const char* protocol, const char* mode, const char* direction) {
    return page.value(
        "quickmode_ipsec_bytes_total",
        {{"adapter", "default"}, {"protocol", protocol}, {"mode", mode}, {"direction", direction}});
  };
  EXPECT_EQ(page.value("quickmode_ipsec_active_sas", of), "1");
  EXPECT_EQ(page.types.at("quickmode_ipsec_active_sas"), "gauge");
  EXPECT_EQ(page.value("quickmode_ipsec_key_additions_total", of), "3");
  EXPECT_EQ(page.types.at("quickmode_ipsec_key_additions_total"), "counter");
  EXPECT_EQ(bytes("esp", "all", "sent"), "11");
  EXPECT_EQ(bytes("ah", "all", "received"), "14");
  EXPECT_EQ(bytes("all", "tunnel", "received"), "18");
  EXPECT_EQ(page.value("quickmode_ipsec_bytes_total",
                       {{"adapter", "ikev1"}, {"protocol", "esp"}, {"direction", "sent"}}),
            "18446744073709551615");
  EXPECT_EQ(page.value("quickmode_adapter_sessions_by_protection", {{"protection", "unprotected"}}),
            "1");
  EXPECT_EQ(page.value("quickmode_collector_gaps_total"), "2");
  EXPECT_EQ(page.value("quickmode_collector_refresh_seconds"), "0.00125");
  EXPECT_EQ(page.value("quickmode_collector_kernel_readable"), "1");
  EXPECT_EQ(page.value("quickmode_sa_bytes_total"), "4711");
}

TEST(Page, what_is_unavailable_has_no_sample_and_says_why) {
  MadeHost host(repository());
  fill(host);
  const ReadPage page = read(host.page(Format::open_metrics), Format::open_metrics);
  EXPECT_EQ(page.value("quickmode_ipsec_bad_spi_packets_total", {{"adapter", "ikev1"}}), "");
  EXPECT_EQ(page.value("quickmode_ipsec_quality", {{"adapter", "ikev1"},
                                                   {"counter", "BadSPIPackets"},
                                                   {"quality", "unavailable"},
                                                   {"reason", "no-probe"}}),
            "1");
  EXPECT_EQ(page.value("quickmode_ipsec_quality", {{"counter", "KeyDeletions"}, {"reason", "gap"}}),
            "1");
  EXPECT_EQ(page.count("quickmode_ipsec_quality"), 3U);
  // An inactive instance supplies nothing, and says that.
  EXPECT_EQ(page.value("quickmode_ipsec_active", {{"adapter", "0000:3b:00.0"}}), "0");
  EXPECT_EQ(page.count("quickmode_ipsec_active_sas"), 3U);
}

TEST(Page, info_tells_who_an_instance_is) {
  MadeHost host(repository());
  fill(host);
  const ReadPage page = read(host.page(Format::prometheus), Format::prometheus);
  EXPECT_EQ(page.value("quickmode_ipsec_adapter_info",
                       {{"adapter", "default"}, {"instance_name", "ROOT\\ISCSI_TCP\\default_0"}}),
            "1");
  EXPECT_EQ(page.value("quickmode_ipsec_adapter_info",
                       {{"driver", "vendor \"x\""}, {"instance_name", std::string(kHostile)}}),
            "1");
  EXPECT_EQ(page.value("quickmode_adapter_info", {{"caption", "default (iscsi_tcp)"},
                                                  {"transport", "iscsi_tcp"},
                                                  {"driver", "quickmode-collect"}}),
            "1");
  EXPECT_EQ(
      page.value("quickmode_session_info", {{"adapter", "default"}, {"protection", "unprotected"}}),
      "1");
  EXPECT_EQ(page.value("quickmode_sa_info", {{"sa", "esp:0xc1a2b3c4@192.0.2.2"},
                                             {"adapter", "default"},
                                             {"protocol", "ESP"},
                                             {"mode", "tunnel"},
                                             {"direction", "out"}}),
            "1");
}

TEST(Page, adapters_that_are_called_alike_stay_apart) {
  MadeHost host(repository());
  const wmi::BlockBuilder block = counted(host);
  host.publish(kStats, {MadeHost::instance("ROOT\\ISCSI_TCP\\a_0", block),
                        MadeHost::instance("ROOT\\ISER\\a_0", block),
                        MadeHost::instance("ROOT\\ISER\\b_0", block)});
  host.publish("Quickmode_Adapter",
               {MadeHost::instance("ROOT\\ISER\\a_0", host.block("Quickmode_Adapter"))});
  const ReadPage page = read(host.page(Format::prometheus), Format::prometheus);
  const std::string name = "quickmode_ipsec_active_sas";
  EXPECT_EQ(page.value(name, {{"adapter", "ROOT\\ISCSI_TCP\\a_0"}}), "1");
  EXPECT_EQ(page.value(name, {{"adapter", "ROOT\\ISER\\a_0"}}), "1");
  EXPECT_EQ(page.value(name, {{"adapter", "b"}}), "1");
  // The same label in every class, so that a query can join them.
  EXPECT_EQ(page.value("quickmode_adapter_sessions", {{"adapter", "ROOT\\ISER\\a_0"}}), "0");
}

TEST(Page, providers_of_one_name_and_names_that_stand_twice_stay_apart) {
  MadeHost host(repository());
  const wmi::BlockBuilder block = counted(host);
  host.publish(kStats, {MadeHost::instance("X\\a_0", block), MadeHost::instance("X\\a_0", block)});
  host.publish(kStats, {MadeHost::instance("X\\a_0", block)});
  const ReadPage page = read(host.page(Format::prometheus), Format::prometheus);
  EXPECT_EQ(page.count("quickmode_ipsec_active_sas"), 3U);
  EXPECT_EQ(page.value("quickmode_ipsec_active_sas", {{"provider", "2"}}), "1");
  EXPECT_EQ(page.value("quickmode_ipsec_active_sas", {{"provider", "3"}}), "1");
}

TEST(Page, a_page_beyond_the_limit_is_none) {
  MadeHost host(repository());
  fill(host);
  const auto snapshot = host.snapshot();
  const std::size_t bytes = host.page(Format::prometheus).size();
  EXPECT_TRUE(host.page_of(*snapshot, {}, Format::prometheus, bytes));
  EXPECT_FALSE(host.page_of(*snapshot, {}, Format::prometheus, bytes - 1));
  EXPECT_FALSE(host.page_of(*snapshot, {}, Format::prometheus, 100));
}

TEST(Page, nothing_registered_is_an_empty_page) {
  MadeHost host(repository());
  EXPECT_EQ(host.page(Format::prometheus), "");
  EXPECT_EQ(host.page(Format::open_metrics), "# EOF\n");
}

// A vendor's class without a word of semantics, and one that would take others' names and labels.
constexpr std::string_view kVendor = R"(
[guid("{00000000-0000-0000-0000-0000000000a1}")] class Vendor_Port : Win32_PerfRawData {
  [read, key] string InstanceName; [read] boolean Active;
  [read, WmiDataId(1), CounterType(65792), Description("Frames \"in\"\nall") : amended]
  uint64 FramesCount;
  [read, WmiDataId(2), CounterType(272696576)] uint32 DropsTotal;
  [read, WmiDataId(3)] uint32 PortNumber;
  [read, WmiDataId(4), CounterType(65536)] sint16 Offset;
  [read, WmiDataId(5), CounterType(65536)] real64 Load;
  [read, WmiDataId(6)] datetime LastChange; };
[guid("{00000000-0000-0000-0000-0000000000a2}")] class Vendor_Thief : Win32_PerfRawData {
  [read, key] string InstanceName; [read] boolean Active;
  [read, WmiDataId(1), CounterType(65792)] uint64 Requests;
  [read, WmiDataId(2), CounterType(65792)] uint64 A;
  [read, WmiDataId(3), CounterType(65792)] uint64 B;
  [read, WmiDataId(4), CounterType(65792)] uint64 C; };
instance of Quickmode_ClassSemantics
{ Class = "Vendor_Thief"; Prefix = "quickmode_serve"; Subject = "adapter";
  Info = "driver=A adapter=B provider=C x=None y=A y=B"; };
instance of Quickmode_CounterSemantics
{ Class = "Vendor_Thief"; Property = "Requests"; Kind = "counter"; };
instance of Quickmode_CounterSemantics
{ Class = "Vendor_Thief"; Property = "A"; Kind = "gauge"; Metric = "m"; Direction = "sent";
  Labels = "driver=z way=in direction=x"; };
instance of Quickmode_CounterSemantics
{ Class = "Vendor_Thief"; Property = "B"; Kind = "gauge"; Metric = "m";
  Labels = "way=in direction=x"; };
instance of Quickmode_CounterSemantics
{ Class = "Vendor_Thief"; Property = "C"; Kind = "gauge"; Metric = "m"; Labels = "way=out"; };
)";

TEST(Page, a_class_that_nobody_says_anything_about_is_shown_by_its_counter_types) {
  MadeHost host(repository(kVendor));
  wmi::BlockBuilder port = host.block("Vendor_Port");
  port.set("FramesCount", std::uint64_t{5}).set("DropsTotal", 6U).set("Offset", std::int16_t{-7});
  port.set("Load", 0.5);
  host.publish("Vendor_Port", {MadeHost::instance("PCI\\V\\1_0", port)}, "vendor");
  const ReadPage page = read(host.page(Format::prometheus), Format::prometheus);
  EXPECT_EQ(page.value("vendor_port_frames", {{"instance_name", "PCI\\V\\1_0"}}), "5");
  EXPECT_EQ(page.types.at("vendor_port_frames"), "untyped");
  EXPECT_EQ(page.value("vendor_port_drops_total"), "6");
  EXPECT_EQ(page.types.at("vendor_port_drops_total"), "counter");
  EXPECT_EQ(page.value("vendor_port_offset"), "-7");
  EXPECT_EQ(page.value("vendor_port_load"), "0.5");
  EXPECT_EQ(page.value("vendor_port_port_number"), "");                    // no counter
  EXPECT_EQ(page.value("vendor_port_last_change_timestamp_seconds"), "");  // never set
}

TEST(Page, no_class_takes_anothers_names_or_labels) {
  MadeHost host(repository(kVendor));
  wmi::BlockBuilder thief = host.block("Vendor_Thief");
  thief.set("A", std::uint64_t{1}).set("B", std::uint64_t{2}).set("C", std::uint64_t{3});
  host.publish("Vendor_Thief", {MadeHost::instance("X\\t_0", thief)});
  for (const Format format : {Format::prometheus, Format::open_metrics}) {
    const ReadPage page = read(host.page(format, own_families()), format);
    EXPECT_EQ(page.value("quickmode_serve_requests_total", {}), "17");
    EXPECT_EQ(page.value("class_quickmode_serve_requests_total"), "0");
    EXPECT_EQ(page.value("class_quickmode_serve_m", {{"way", "in"}}), "1");
    EXPECT_EQ(page.value("class_quickmode_serve_m", {{"way", "out"}, {"direction", "all"}}), "3");
    EXPECT_EQ(page.value("class_quickmode_serve_m_2", {{"way", "in"}}), "2");
  }
}

TEST(Page, names_help_and_labels_have_limits) {
  const std::string long_name = fmt::format("Vendor_{}", std::string(93, 'c'));
  const std::string property(99, 'p');
  std::string text = fmt::format(
      "[guid(\"{{00000000-0000-0000-0000-0000000000a3}}\")] class {} : Win32_PerfRawData {{\n"
      "[read, key] string InstanceName;\n"
      "[read, WmiDataId(1), CounterType(65792), Description(\"{}\") : amended] uint64 {};\n"
      "[read, WmiDataId(2), CounterType(65792), Description(\"{}\") : amended] uint64 {}x;\n",
      long_name, std::string(kMostHelpBytes, 'd'), property, std::string(kMostHelpBytes + 1, 'e'),
      property);
  std::string info;
  for (std::size_t i = 0; i <= kMostInfoLabels; ++i) {
    text += fmt::format("[read, WmiDataId({})] uint32 N{};\n", i + 3, i);
    info += fmt::format("n{0}=N{0} ", i);
  }
  text += fmt::format(
      "}};\ninstance of Quickmode_ClassSemantics {{ Class = \"{}\"; Subject = \"port\"; "
      "Info = \"{}\"; }};\n",
      long_name, info);
  MadeHost host(repository(text));
  host.publish(long_name, {MadeHost::instance("X\\p_0", host.block(long_name))});
  const std::string page_text = host.page(Format::prometheus);
  const ReadPage page = read(page_text, Format::prometheus);
  const std::string full = fmt::format("vendor_{}_{}", std::string(93, 'c'), property);
  ASSERT_EQ(full.size(), kMostFamilyNameBytes);
  EXPECT_EQ(page.value(full), "0");
  EXPECT_EQ(page.value(full + "_2"), "0");  // cut, it would be called as the first is
  EXPECT_THAT(page_text, HasSubstr(fmt::format(" {}\n", std::string(kMostHelpBytes, 'd'))));
  EXPECT_THAT(page_text, Not(HasSubstr(std::string(kMostHelpBytes, 'e'))));
  const std::string last = fmt::format("n{}", kMostInfoLabels - 1);
  EXPECT_THAT(page_text, HasSubstr(last + "=\"0\""));
  EXPECT_THAT(page_text, Not(HasSubstr(fmt::format(",n{}=", kMostInfoLabels))));
}

std::string shown_name(const std::string& seed) {
  return "ROOT\\" + plain_text(seed, 200) + "_0";
}

// What a made-up adapter holds: values and qualities by WmiDataId - 1.
struct Made {
  std::vector<std::uint64_t> values;
  std::vector<std::uint8_t> qualities;
  bool active = true;
  std::string shown(std::size_t item) const {
    const bool there = active && qualities[item] != QM_UNAVAILABLE;
    return there ? std::to_string(values[item]) : std::string();
  }
};

std::map<std::string, Made> any_adapters() {
  constexpr int kCounters = 18;
  std::map<std::string, Made> made;
  for (const auto& seed : *rc::gen::resize(8, rc::gen::arbitrary<std::vector<std::string>>())) {
    const auto values = rc::gen::container<std::vector<std::uint64_t>>(
        kCounters, rc::gen::arbitrary<std::uint64_t>());
    const auto qualities = rc::gen::container<std::vector<std::uint8_t>>(
        kCounters, rc::gen::inRange<std::uint8_t>(0, 4));
    made.emplace(shown_name(seed), Made{*values, *qualities,
                                        *rc::gen::weightedElement<bool>({{4, true}, {1, false}})});
  }
  return made;
}

// The counters by WmiDataId - 1.
std::vector<std::string> counters_of(const wmi::ClassEntry& entry) {
  std::vector<std::string> names;
  for (const wmi::PropertyEntry& property : entry.properties) {
    if (property.origin == wmi::Origin::data) names.push_back(property.property->name);
  }
  return names;
}

void expect_truth(const ReadPage& page, const std::map<std::string, Made>& truth,
                  const std::vector<std::string>& counters) {
  std::map<std::string, std::string> label_of;  // by InstanceName
  std::set<std::pair<std::string, std::string>> doubted;
  for (const ReadSample& sample : page.samples) {
    if (sample.name == "quickmode_ipsec_adapter_info") {
      label_of[sample.labels.at("instance_name")] = sample.labels.at("adapter");
    } else if (sample.name == "quickmode_ipsec_quality") {
      doubted.emplace(sample.labels.at("adapter"), sample.labels.at("counter"));
    }
  }
  RC_ASSERT(label_of.size() == truth.size());
  std::set<std::pair<std::string, std::string>> doubtful;
  for (const auto& [name, made] : truth) {
    const std::string& label = label_of.at(name);
    const auto value = [&](const std::string& metric,
                           std::map<std::string, std::string> more = {}) {
      more["adapter"] = label;
      return page.value(metric, more);
    };
    RC_ASSERT(value("quickmode_ipsec_active_sas") == made.shown(0));
    RC_ASSERT(value("quickmode_ipsec_rekeys_total") == made.shown(4));
    RC_ASSERT(value("quickmode_ipsec_packets_with_replay_detection_total") == made.shown(9));
    RC_ASSERT(value("quickmode_ipsec_bytes_total",
                    {{"mode", "tunnel"}, {"direction", "received"}}) == made.shown(17));
    for (std::size_t i = 0; i < counters.size(); ++i) {
      if (made.active && made.qualities[i] != QM_EXACT) doubtful.emplace(label, counters[i]);
    }
  }
  RC_ASSERT(doubted == doubtful);
}

RC_GTEST_PROP(Page, any_snapshot_reads_back_as_it_was, ()) {
  static const auto plan = std::make_shared<const Plan>(repository());
  MadeHost host(plan);
  const std::vector<std::string> counters = counters_of(host.entry(kStats));
  const std::map<std::string, Made> truth = any_adapters();
  std::vector<wmi::MadeInstance> instances;
  for (const auto& [name, made] : truth) {
    wmi::BlockBuilder block = host.block(kStats);
    for (std::size_t i = 0; i < counters.size(); ++i) {
      block.set(counters[i], made.values[i]);
      block.quality(counters[i], static_cast<qm_quality>(made.qualities[i]), QM_REASON_GAP);
    }
    instances.push_back(MadeHost::instance(name, block, made.active));
  }
  host.publish(kStats, std::move(instances));
  for (const Format format : {Format::prometheus, Format::open_metrics}) {
    const ReadPage page =
        ExpositionReader(host.page(format), format == Format::open_metrics).read();
    RC_ASSERT(page.errors == std::vector<std::string>());
    expect_truth(page, truth, counters);
  }
}

}  // namespace
}  // namespace qm::metrics
