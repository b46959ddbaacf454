// quickmode-collect: reads the kernel's IPsec, the iSCSI initiator and the IKE daemons, keeps the
// ledger, and publishes MSiSCSI_QMIPSECStats and quickmode's own classes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

#include "hba/collector.h"
#include "hba/state_file.h"

namespace {

constexpr int kUsage = 64;

int complain(const qm::Error& error) {
  fmt::print(stderr, "quickmode-collect: {}\n", error.message);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Collects IPsec statistics of iSCSI adapters and publishes them to quickmode-serve.\n"
      "Needs CAP_NET_ADMIN; has no listener.",
      "quickmode-collect"};
  qm::hba::Configuration configuration;
  std::string config_file;
  std::string runtime_dir;
  std::string state_dir;
  app.add_option("--config", config_file, "TOML file: [collect] interval_ms, [ike] vici");
  app.add_option("--runtime-dir", runtime_dir, "sockets and the ledger; default /run/quickmode");
  app.add_option("--state-dir", state_dir, "what outlives a reboot; default /var/lib/quickmode");
  app.set_version_flag("--version", QM_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (!config_file.empty()) {
    const auto text = qm::hba::read_whole(config_file, qm::hba::kMostConfigurationBytes);
    if (!text) return complain(text.error());
    const std::string_view toml(reinterpret_cast<const char*>(text->data()), text->size());
    const auto read = qm::hba::read_toml(toml, config_file, configuration);
    if (!read) return complain(read.error());
  }
  if (!runtime_dir.empty()) configuration.runtime_dir = runtime_dir;
  if (!state_dir.empty()) configuration.state_dir = state_dir;
  const auto ended = qm::hba::collect(configuration);
  return ended ? 0 : complain(ended.error());
}
