#include "serve/options.h"

#include <CLI/CLI.hpp>

#include "serve/system.h"

namespace qm::serve {

Result<Options> parse_options(int argc, const char* const* argv) {
  CLI::App app(
      "Answers, over HTTP on loopback, TLS and RUNTIME_DIR/query.sock, for the WMI classes that "
      "providers publish: what IPsec did for each iSCSI adapter of this host.",
      "quickmode-serve");
  const Config defaults;
  std::string config_file;
  std::string runtime_dir;
  std::string state_dir;
  std::string class_dir;
  std::vector<std::string> listen;
  app.add_option("--config", config_file, "Configuration (TOML); flags override it")
      ->type_name("FILE");
  app.add_option("--runtime-dir", runtime_dir, "Where the sockets are; default /run/quickmode")
      ->type_name("DIR");
  app.add_option("--state-dir", state_dir, "Where state is kept; default /var/lib/quickmode")
      ->type_name("DIR");
  app.add_option("--class-dir", class_dir,
                 "Where further classes are, as binary MOF (*.bmf); default "
                 "/usr/share/quickmode/mof")
      ->type_name("DIR");
  app.add_option("--listen", listen,
                 "Address to listen on, repeatable; https:// or port 5986: TLS, which addresses "
                 "beyond loopback need; port 0 picks one and prints it; default 127.0.0.1:5985")
      ->type_name("[https://]ADDR:PORT")
      ->expected(1)
      ->take_all();
  app.set_version_flag("--version", "quickmode-serve " QM_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // --help comes this way too
    return Options{{}, app.exit(error) == 0 ? 0 : kExitUsage};
  }
  Options options;
  if (!config_file.empty()) {
    const std::string text = TRY(read_text_file(config_file, kMostConfigBytes));
    options.config = TRY(parse_config(text, config_file, defaults));
  }
  if (!runtime_dir.empty()) options.config.runtime_dir = runtime_dir;
  if (!state_dir.empty()) options.config.state_dir = state_dir;
  if (!class_dir.empty()) options.config.class_dir = class_dir;
  if (!listen.empty()) options.config.listen = listen;
  return options;
}

}  // namespace qm::serve
