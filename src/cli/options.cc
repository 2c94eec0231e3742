#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/strings.h"

namespace ballast::cli {
namespace {

constexpr char kDefaultSocket[] = "/run/ballast/ballastd.sock";

constexpr char kFooter[] =
    "Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 no credentials or not admitted, 5 no room,\n"
    "6 damage found, 7 refused (in use or wanted), 8 unavailable or timed out, 130 interrupted.\n"
    "In a Kubernetes cluster: ballast kube --help (also as kubectl ballast).\n"
    "Environment: HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME, HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE (for pull "
    "--to);\n"
    "BALLAST_SOCKET (the daemon's socket).";

struct Raw {
  std::string output = "text";
  std::string socket;
  PullCommand pull;
  StatusCommand status;
  VerifyCommand verify;
  WarmCommand warm;
  RemoveCommand remove;
  GcCommand gc;
  WaitCommand wait;
  CertsInitCommand certs_init;
  CertsIssueCommand certs_issue;
  double timeout_seconds = -1;
};

void DeclarePull(CLI::App& app, Raw& raw) {
  CLI::App* pull = app.add_subcommand("pull", "Download a model, verify every byte, and keep it");
  pull->add_option("REF", raw.pull.ref, "hf://org/name[@revision], https://host/file#sha256=.., file:///dir")
      ->required();
  CLI::Option* to =
      pull->add_option("--to", raw.pull.to, "Into this directory, without a daemon; resumes what was begun")
          ->type_name("DIR");
  pull->add_option("--include", raw.pull.filter.include, "Only files that match (repeatable): \"*.safetensors\"")
      ->type_name("PATTERN")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  pull->add_option("--exclude", raw.pull.filter.exclude, "Without files that match (repeatable)")
      ->type_name("PATTERN")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  pull->add_option("--layout", raw.pull.layout,
                   "plain: the files; hf: an HF_HUB_CACHE; hf-repo: one repository's folder of it")
      ->check(CLI::IsMember({"plain", "hf", "hf-repo"}))
      ->type_name("LAYOUT");
  pull->add_option("--streams", raw.pull.streams, "Connections at once")
      ->check(CLI::Range(1, 64))
      ->needs(to)
      ->capture_default_str();
}

void DeclareRest(CLI::App& app, Raw& raw) {
  app.add_subcommand("ls", "List the models of this node");
  CLI::App* status = app.add_subcommand("status", "Show the node's cache: disk, downloads, problems");
  status->add_option("MODEL", raw.status.model, "Show where this model's bytes come from, and who gives whom what");
  CLI::App* verify = app.add_subcommand("verify", "Read stored bytes again and compare them with their digests");
  verify->add_option("MODEL|DIR", raw.verify.what,
                     "A model of this node, or a directory that `pull --to` made; default: the whole cache");
  verify->add_flag("--deep", raw.verify.deep,
                   "Of the whole cache: also views, leases, mounts, used bytes and leftovers, each with its remedy");
  CLI::App* warm = app.add_subcommand("warm", "Read a model's files into memory, as far as there is room for them");
  warm->add_option("MODEL", raw.warm.model, "hf://org/name[@revision] or sha256:<manifest>")->required();
  CLI::App* remove = app.add_subcommand("rm", "Remove a model from this node");
  remove->add_option("MODEL", raw.remove.model, "hf://org/name[@revision] or sha256:<manifest>")->required();
  CLI::App* gc = app.add_subcommand("gc", "Evict what quota, thresholds and caches let go, and say why");
  gc->add_flag("--dry-run", raw.gc.dry_run, "Only say what would go, what stays, and by whom it is held");
  CLI::App* wait = app.add_subcommand("wait", "Block until the model in a directory is complete");
  wait->add_option("DIR", raw.wait.dir, "A volume, or where `pull --to` works")->required();
  wait->add_option("--timeout", raw.timeout_seconds, "Give up after so many seconds")
      ->check(CLI::NonNegativeNumber)
      ->type_name("SECONDS");
  app.add_subcommand("version", "Print the version");
}

void DeclareCerts(CLI::App& app, Raw& raw) {
  CLI::App* certs = app.add_subcommand("certs", "Make the certificates by which nodes know each other");
  certs->require_subcommand(1);
  CLI::App* init = certs->add_subcommand("init", "Make a CA: ca.pem, and ca.key, which stays with you");
  init->add_option("--dir", raw.certs_init.dir, "Where the CA's files go")->required()->type_name("DIR");
  CLI::App* issue = certs->add_subcommand("issue", "Make NAME.pem and NAME.key for a node; again: renew them");
  CLI::Option* node = issue->add_option("--node", raw.certs_issue.node, "The node's name")->type_name("NAME");
  issue->add_flag("--operator", raw.certs_issue.for_operator, "For the operator instead: operator.pem and operator.key")
      ->excludes(node);
  issue->add_option("--dir", raw.certs_issue.dir, "Where the CA's files are")->required()->type_name("DIR");
  issue->add_option("--days", raw.certs_issue.days, "Valid for so long, but no longer than the CA")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
  issue->add_option("--out", raw.certs_issue.out, "Where the node's files go; default: --dir")->type_name("DIR");
}

Command CertsCommandOf(const CLI::App& certs, Raw& raw) {
  if (certs.got_subcommand("init")) return std::move(raw.certs_init);
  return std::move(raw.certs_issue);
}

Command CommandOf(const CLI::App& command, Raw& raw) {
  const std::string& name = command.get_name();
  if (name == "certs") return CertsCommandOf(command, raw);
  if (name == "pull") return std::move(raw.pull);
  if (name == "ls") return ListCommand{};
  if (name == "status") return std::move(raw.status);
  if (name == "verify") return std::move(raw.verify);
  if (name == "warm") return std::move(raw.warm);
  if (name == "rm") return std::move(raw.remove);
  if (name == "gc") return raw.gc;
  if (name == "wait") {
    if (raw.timeout_seconds >= 0)
      raw.wait.timeout = std::chrono::milliseconds(static_cast<int64_t>(raw.timeout_seconds * 1000));
    return std::move(raw.wait);
  }
  return VersionCommand{};
}

Status CheckPull(const PullCommand& pull) {
  if (pull.to.empty() && !(pull.filter == PathFilter())) {
    return InvalidArgument(
        "--include and --exclude need --to DIR; for the node's cache write them into its ClusterModelCache manifest");
  }
  return pull.filter.Validate();
}

Status CheckVerify(const VerifyCommand& verify) {
  if (!verify.deep || verify.what.empty()) return OkStatus();
  return InvalidArgument(StrCat("--deep is of the whole cache; leave ", Quoted(verify.what), " out"));
}

Status CheckIssue(const CertsIssueCommand& issue) {
  if (issue.for_operator || !issue.node.empty()) return OkStatus();
  return InvalidArgument("--node is required (or --operator); see ballast certs issue --help");
}

Status CheckCommand(std::string_view name) {
  static const std::vector<std::string_view> kCommands = {"pull", "ls", "status", "verify", "warm",
                                                          "rm",   "gc", "wait",   "certs",  "version"};
  if (name.starts_with('-') || std::find(kCommands.begin(), kCommands.end(), name) != kCommands.end())
    return OkStatus();
  return InvalidArgument(StrCat("no command ", Quoted(name), DidYouMean(name, kCommands), "; see ballast --help"));
}

Status CheckCertsCommand(std::string_view name) {
  if (name.starts_with('-') || name == "init" || name == "issue") return OkStatus();
  return InvalidArgument(StrCat("no command ", Quoted(name), " of certs", DidYouMean(name, {"init", "issue"}),
                                "; see ballast certs --help"));
}

}  // namespace

Result<Options> ParseOptions(const std::vector<std::string>& arguments, const Environment& environment) {
  if (arguments.empty()) return InvalidArgument("name a command; see ballast --help");
  RETURN_IF_ERROR(CheckCommand(arguments.front()));
  if (arguments.front() == "certs" && arguments.size() > 1) RETURN_IF_ERROR(CheckCertsCommand(arguments[1]));
  Raw raw;
  raw.socket = environment("BALLAST_SOCKET");
  if (raw.socket.empty()) raw.socket = kDefaultSocket;
  CLI::App app("Ballast: AI models as verified directories, one copy per node.", "ballast");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kFooter);
  app.set_version_flag("--version", "ballast " BALLAST_VERSION);
  app.add_option("--output", raw.output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str()
      ->type_name("FORMAT");
  app.add_option("--socket", raw.socket, "The daemon's socket")->capture_default_str()->type_name("PATH");
  DeclarePull(app, raw);
  DeclareRest(app, raw);
  DeclareCerts(app, raw);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    return Options{HelpCommand{app.help()}, false, ""};
  } catch (const CLI::CallForVersion&) {
    return Options{VersionCommand{}, false, ""};
  } catch (const CLI::ParseError& error) {
    return InvalidArgument(StrCat(error.what(), "; see ballast --help"));
  }
  Options options{CommandOf(*app.get_subcommands().front(), raw), raw.output == "json", raw.socket};
  if (const auto* pull = std::get_if<PullCommand>(&options.command)) RETURN_IF_ERROR(CheckPull(*pull));
  if (const auto* verify = std::get_if<VerifyCommand>(&options.command)) RETURN_IF_ERROR(CheckVerify(*verify));
  if (const auto* issue = std::get_if<CertsIssueCommand>(&options.command)) RETURN_IF_ERROR(CheckIssue(*issue));
  return options;
}

}  // namespace ballast::cli
