// ballast-hub-stand-in: the hub to test against as a program; README.md.
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/logging.h"
#include "base/run_main.h"
#include "base/strings.h"
#include "origin/testing/hub_admin.h"
#include "origin/testing/hub_stand_in.h"

namespace ballast::hub {
namespace {

struct Flags {
  Options options;
  std::string admin_address = "127.0.0.1";
  uint16_t admin_port = 0;
  std::filesystem::path ready_file;
};

void AddLimit(CLI::App& app, const std::string& name, RateLimit& limit, const std::string& what) {
  app.add_option_function<std::vector<int>>(
         name,
         [&limit](const std::vector<int>& given) {
           limit = {.requests = given[0], .window = std::chrono::seconds(given[1])};
         },
         what)
      ->expected(2)
      ->type_name("REQUESTS SECONDS");
}

void AddFlags(CLI::App& app, Flags& flags) {
  Options& o = flags.options;
  app.add_option("--root", o.root, "folder of repositories: ROOT/models/org/name/...");
  app.add_option("--prefix", o.prefix, "path in front of everything on the hub port, as a mirror has it");
  app.add_option("--address", o.address, "IP address of the hub")->capture_default_str();
  app.add_option("--cdn-address", o.cdn_address, "IP address of the CDN")->capture_default_str();
  app.add_option("--port", o.port, "of the hub; 0: a free one");
  app.add_option("--cdn-port", o.cdn_port, "of the CDN; 0: a free one");
  app.add_option("--public-host", o.public_host, "name of the hub in URLs");
  app.add_option("--cdn-public-host", o.cdn_public_host, "name of the CDN in URLs");
  app.add_option("--certificate", o.certificate, "PEM chain: both ports speak TLS");
  app.add_option("--key", o.key, "PEM key of the certificate");
  app.add_option("--page-size", o.page_size, "tree entries per page")->capture_default_str();
  app.add_flag("--resolve-cache", o.resolve_cache, "plain files by a relative redirect first");
  app.add_option("--token", o.tokens, "a known user's token (repeat)");
  app.add_option_function<int>(
      "--url-seconds", [&o](int seconds) { o.url_lifetime = std::chrono::seconds(seconds); },
      "lifetime of signed URLs [3600]");
  app.add_option("--url-uses", o.url_uses, "requests that a signed URL is good for");
  AddLimit(app, "--api-limit", o.api_limit, "of /api/");
  AddLimit(app, "--resolve-limit", o.resolve_limit, "of /resolve/");
  app.add_option("--admin-address", flags.admin_address, "IP address of the control port")->capture_default_str();
  app.add_option("--admin-port", flags.admin_port, "control port; 0: a free one");
  app.add_option("--ready-file", flags.ready_file, "written when all ports listen: JSON with their URLs");
}

std::string ReadyText(const StandIn& hub, const Flags& flags, const Admin& admin) {
  return nlohmann::ordered_json{{"endpoint", hub.endpoint()},
                                {"cdn", hub.cdn_endpoint()},
                                {"admin", StrCat("http://", flags.admin_address, ":", admin.port())}}
      .dump();
}

// By rename: whoever sees the file sees all of it.
Status WriteReady(const std::filesystem::path& file, const std::string& text) {
  if (file.empty()) return OkStatus();
  std::filesystem::path part = file.string() + ".part";
  std::ofstream(part) << text << "\n";
  std::error_code error;
  std::filesystem::rename(part, file, error);
  if (error) return InvalidArgument(StrCat("cannot write ", Quoted(file.string()), ": ", error.message()));
  return OkStatus();
}

Status Run(const Flags& flags) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ASSIGN_OR_RETURN(auto hub, StandIn::Start(flags.options));
  ASSIGN_OR_RETURN(auto admin, Admin::Start(*hub, flags.admin_address, flags.admin_port));
  std::string ready = ReadyText(*hub, flags, *admin);
  std::cout << ready << std::endl;
  RETURN_IF_ERROR(WriteReady(flags.ready_file, ready));
  int signal = 0;
  sigwait(&signals, &signal);
  hub->Stop();
  return OkStatus();
}

int Main(int argc, char** argv) {
  CLI::App app("A Hugging Face Hub to test against, from a folder of repositories.");
  Flags flags;
  AddFlags(app, flags);
  CLI11_PARSE(app, argc, argv);
  InitLogging(argv[0]);
  const Status status = Run(flags);
  if (!status.ok()) std::cerr << "error: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace ballast::hub

int main(int argc, char** argv) { return ballast::RunMain(ballast::hub::Main, argc, argv); }
