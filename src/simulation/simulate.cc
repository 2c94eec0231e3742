// Runs one scenario and prints what came of it: ballast-simulation --nodes 5000 --zones 20 --bytes 140e9
#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <random>

#include "base/run_main.h"
#include "simulation/cluster.h"
#include "simulation/link.h"

namespace ballast::simulation {
namespace {

struct Arguments {
  uint32_t nodes = 200;
  uint32_t zones = 4;
  double bytes = 10e9;
  uint32_t files = 10;
  double origin_gbit = 10;
  double node_gbit = 10;
  double rolling_seconds = 0;
  double deaths = 0;
  uint32_t origin_slots = 1;
  int64_t gather_ms = fetch::SwarmRules().gather.count();
  double slow = 0;
  uint32_t seed = 1;
};

void Declare(CLI::App& app, Arguments& arguments) {
  app.add_option("--nodes", arguments.nodes, "Nodes")->capture_default_str();
  app.add_option("--zones", arguments.zones, "Zones")->capture_default_str();
  app.add_option("--bytes", arguments.bytes, "Bytes of the model")->capture_default_str();
  app.add_option("--files", arguments.files, "Files of equal size")->capture_default_str();
  app.add_option("--origin-gbit", arguments.origin_gbit, "Gbit/s out of the origin")->capture_default_str();
  app.add_option("--node-gbit", arguments.node_gbit, "Gbit/s of each node, each way")->capture_default_str();
  app.add_option("--rolling", arguments.rolling_seconds, "Seconds over which the nodes begin")->capture_default_str();
  app.add_option("--deaths", arguments.deaths, "Share of the nodes that die on the way")->capture_default_str();
  app.add_option("--origin-slots", arguments.origin_slots, "Runs from the origin in flight to a node")
      ->capture_default_str();
  app.add_option("--gather-ms", arguments.gather_ms,
                 "Nodes tell together what came in so many milliseconds; 0: at once")
      ->capture_default_str();
  app.add_option("--slow", arguments.slow, "Share of the nodes that have a tenth of the rate")->capture_default_str();
  app.add_option("--seed", arguments.seed, "Of what is random")->capture_default_str();
}

double InSeconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

Scenario ScenarioOf(const Arguments& arguments) {
  Scenario scenario{.nodes = arguments.nodes, .zones = arguments.zones};
  scenario.files.assign(arguments.files, static_cast<uint64_t>(arguments.bytes / arguments.files));
  scenario.origin_rate = arguments.origin_gbit * 1e9 / 8;
  scenario.node_rate = arguments.node_gbit * 1e9 / 8;
  scenario.origin_slots = arguments.origin_slots;
  scenario.gather = std::chrono::milliseconds(arguments.gather_ms);
  std::mt19937 random(arguments.seed);
  const double expected = arguments.bytes / scenario.origin_rate + arguments.rolling_seconds;
  std::uniform_real_distribution<double> unit(0, 1);
  for (NodeId node = 0; node < arguments.nodes; ++node) {
    if (arguments.rolling_seconds > 0)
      scenario.joins.push_back({node, Seconds(unit(random) * arguments.rolling_seconds)});
    if (unit(random) < arguments.deaths) scenario.deaths.push_back({node, Seconds(unit(random) * expected)});
    if ((node + 1) * arguments.slow >= static_cast<double>(scenario.slow.size() + 1))
      scenario.slow.push_back({node, scenario.node_rate / 10});
  }
  return scenario;
}

Duration LastOfFullRate(const Scenario& scenario, const Outcome& outcome) {
  Duration last{};
  for (NodeId node = 0; node < scenario.nodes; ++node) {
    if (std::ranges::none_of(scenario.slow, [&](const Scenario::Slow& slow) { return slow.node == node; }))
      last = std::max(last, outcome.finished[node]);
  }
  return last;
}

int Main(int argc, char** argv) {
  CLI::App app("Simulates a cluster whose nodes all want one model, with the real coordinator.", "ballast-simulation");
  Arguments arguments;
  Declare(app, arguments);
  CLI11_PARSE(app, argc, argv);
  const auto begin = std::chrono::steady_clock::now();
  const Scenario scenario = ScenarioOf(arguments);
  const Outcome outcome = Simulate(scenario);
  const double took = InSeconds(std::chrono::steady_clock::now() - begin);
  const double most = *std::max_element(outcome.sent.begin(), outcome.sent.end());
  std::cout << "everyone finished   " << (outcome.everyone_finished ? "yes" : "NO") << "\n"
            << "last node           " << InSeconds(outcome.last) << " s\n"
            << "last of full rate   " << InSeconds(LastOfFullRate(scenario, outcome)) << " s\n"
            << "lower bound         " << InSeconds(outcome.bound) << " s\n"
            << "ratio               " << InSeconds(outcome.last) / InSeconds(outcome.bound) << "\n"
            << "copies from origin  " << outcome.copies_from_origin << "\n"
            << "nodes at the origin " << outcome.origin_nodes << "\n"
            << "copies into a zone  " << outcome.copies_across_zones << " (at most " << outcome.most_copies_into_zone
            << ")\n"
            << "most sent by a node " << most << " copies\n"
            << "most uploads at once " << outcome.most_uploads << "\n"
            << "pieces delivered    " << outcome.pieces << "\n"
            << "messages            " << outcome.messages << "\n"
            << "computed in         " << took << " s (" << took / static_cast<double>(outcome.pieces) * 1e6
            << " us per piece)\n";
  return outcome.everyone_finished ? 0 : 1;
}

}  // namespace
}  // namespace ballast::simulation

int main(int argc, char** argv) { return ballast::RunMain(ballast::simulation::Main, argc, argv); }
