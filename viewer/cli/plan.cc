// plan SNAP: which facts to take away first, so that few changes cut off many principals.

#include <fmt/format.h>

#include "core/base/text.h"
#include "queries/plan.h"
#include "queries/principals.h"
#include "viewer/cli/changes.h"
#include "viewer/cli/commands.h"
#include "viewer/export/fact_text.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer::cli {
namespace {

using queries::Plan;
using queries::PlanStep;

struct Options {
  std::string path;
  std::vector<std::string> from;
  std::vector<std::string> to;
  std::size_t budget = 10;
  bool everything = false;
  std::string format;
};

void print_text(std::string_view targets, const Plan& plan, const FactWriter& facts) {
  print(fmt::format("{} of {} principals outside the targets can reach {}.\n", plan.exposed, plan.population,
                    visible(targets)));
  if (plan.steps.size() > 1) print("Each step counts with those before it.\n");
  std::uint64_t before = plan.exposed;
  std::size_t number = 0;
  for (const PlanStep& step : plan.steps) {
    print(fmt::format(
        "\n{:>3}. {} fewer, {} left{}\n", ++number, before - step.exposed, step.exposed,
        step.facts.size() > 1 ? fmt::format("; {} changes that count together", step.facts.size()) : ""));
    for (const facts::FactId fact : step.facts) {
      print(fmt::format("     {}\n", facts.line(fact)));
      if (const std::string_view warning = facts.warning(fact); !warning.empty())
        print(fmt::format("     careful: {}\n", warning));
    }
    before = step.exposed;
  }
  if (plan.steps.empty() && plan.exposed > plan.floor) {
    print("No changes found within the budget that cut off anyone; more at once may.\n");
  }
  if (plan.floor != 0) {
    print(fmt::format("\nWith Tier Zero as it is, {} stay exposed whatever single facts are taken away.\n",
                      plan.floor));
  }
}

// A script to read, and to run in parts by whoever answers for the directory.
void print_script(const Plan& plan, const FactWriter& facts) {
  print(
      "# Changes in the order of their worth, each with those before it. Read each line before you run it: "
      "whoever must\n"
      "# administer the targets is among those who lose their way to them.\n");
  std::size_t number = 0;
  for (const PlanStep& step : plan.steps) {
    print(fmt::format("\n# {}. {} accounts stay exposed after this step\n", ++number, step.exposed));
    for (const facts::FactId fact : step.facts) {
      print(fmt::format("# {}\n", facts.text(fact)));
      if (const std::string_view warning = facts.warning(fact); !warning.empty())
        print(fmt::format("# Careful: {}.\n", warning));
      print(fmt::format("{}\n", facts.command(fact)));
    }
  }
}

void print_json(const LoadedGraph& loaded, const std::vector<graph::NodeId>& targets, const Plan& plan,
                const FactWriter& facts) {
  JsonWriter json;
  begin_answer(json, "plan");
  write_coverage(json, loaded.meta);
  write_nodes(json, "targets", loaded.graph, targets);
  json.key("population").number(plan.population);
  json.key("exposed_before").number(plan.exposed);
  json.key("exposed_after").number(plan.exposed_after());
  json.key("floor").number(plan.floor);
  json.key("steps").begin_array();
  std::uint64_t before = plan.exposed;
  for (const PlanStep& step : plan.steps) {
    json.begin_object();
    json.key("cut_off").number(before - step.exposed);
    json.key("exposed").number(step.exposed);
    json.key("facts").begin_array();
    for (const facts::FactId fact : step.facts) facts.write(json, fact);
    json.end_array();
    json.end_object();
    before = step.exposed;
  }
  json.end_array();
  json.end_object();
  print(json.take() + "\n");
}

Result<int> run(const Options& options) {
  Result<LoadedGraph> loaded = LoadedGraph::open(options.path);
  if (!loaded) return std::move(loaded).error();
  const auto targets = loaded->targets(options.to);
  if (!targets) return targets.error();
  const auto sources = queries::resolve_all(loaded->snapshot, loaded->graph, options.from);
  if (!sources) return sources.error();
  facts::Facts facts(loaded->snapshot, loaded->graph);
  const std::size_t budget = options.everything ? 0 : options.budget;
  const Result<Plan> plan = queries::make_plan(loaded->graph, facts, *targets, budget, derive_again(),
                                               targets_again(loaded->graph, *targets, options.to),
                                               principals_again(loaded->graph, *sources));
  if (!plan) return plan.error();
  const FactWriter writer(facts, loaded->graph);
  if (options.format == "json") {
    print_json(*loaded, *targets, *plan, writer);
  } else if (options.format == "powershell") {
    print_script(*plan, writer);
    note_coverage(loaded->meta);
  } else {
    print_text(target_name(options.to), *plan, writer);
    print(coverage_text(loaded->meta));
  }
  return exit_for(loaded->meta);
}

}  // namespace

Action declare_plan(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("SNAP", options->path, "the snapshot")->required();
  app.add_option("--from", options->from,
                 "whose ways count (repeatable); default: every account outside the targets that is not "
                 "known to be disabled");
  app.add_option("--to", options->to, "the targets (repeatable); default: tier0");
  auto* const budget = app.add_option("--budget", options->budget, "how many changes at most")
                           ->capture_default_str()
                           ->check(CLI::Range(std::size_t{1}, std::size_t{1000000000}));
  app.add_flag("--everything", options->everything, "the cheapest set that cuts off everyone who can be")
      ->excludes(budget);
  add_format(app, options->format, {"text", "json", "powershell"});
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
