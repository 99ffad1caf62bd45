// audit SNAP: violations of the tiers, and settings that invite them.

#include "queries/audit/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/text.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer::cli {
namespace {

using queries::audit::Answer;
using queries::audit::Finding;
using Answers = std::vector<Answer>;

struct Options {
  std::string path;
  std::string rules;
  std::string format;
};

std::string names_of(const LoadedGraph& loaded, const Finding& finding) {
  std::string names;
  for (const graph::NodeId object : finding.objects) {
    names += (names.empty() ? "" : " -> ") + label(loaded.snapshot, loaded.graph.node(object));
  }
  return names;
}

void print_text(const LoadedGraph& loaded, const Answers& answers) {
  std::map<queries::audit::Severity, std::size_t> counts;
  for (const Answer& answer : answers) {
    if (answer.findings.empty()) continue;
    print(fmt::format("{}  {} ({})\n", answer.rule->id, answer.rule->title, answer.rule->attack));
    for (const Finding& finding : answer.findings) {
      ++counts[finding.severity];
      print(fmt::format("  {:<8}  {}: {}\n", queries::audit::name_of(finding.severity),
                        names_of(loaded, finding), visible(finding.detail)));
    }
    print(fmt::format("  remedy:   {}\n\n", answer.rule->remedy));
  }
  for (const Answer& answer : answers) {
    if (!answer.unknown.empty()) print(fmt::format("unknown: {}: {}\n", answer.rule->id, answer.unknown));
  }
  if (counts.empty()) print("no finding\n");
  for (const auto& [severity, count] : counts) {
    print(fmt::format("{}: {}\n", queries::audit::name_of(severity), count));
  }
}

void write_finding(JsonWriter& json, const LoadedGraph& loaded, const EdgeWriter& edges, const Answer& answer,
                   const Finding& finding) {
  json.begin_object();
  json.key("rule").text(answer.rule->id);
  json.key("severity").text(queries::audit::name_of(finding.severity));
  json.key("fingerprint").text(finding.fingerprint);
  write_nodes(json, "objects", loaded.graph, finding.objects);
  json.key("detail").text(finding.detail);
  json.key("evidence").begin_array();
  for (const graph::EdgeId e : finding.edges) edges.write(json, e);
  json.end_array();
  json.key("observed").begin_array();
  for (const graph::Evidence& fact : finding.facts) edges.write_evidence(json, fact);
  json.end_array();
  json.end_object();
}

void print_json(const LoadedGraph& loaded, const Answers& answers) {
  const EdgeWriter edges(loaded.snapshot, loaded.graph);
  JsonWriter json;
  begin_answer(json, "audit");
  write_coverage(json, loaded.meta);
  json.key("rules").begin_array();
  for (const Answer& answer : answers) {
    json.begin_object();
    json.key("id").text(answer.rule->id);
    json.key("title").text(answer.rule->title);
    json.key("severity").text(queries::audit::name_of(answer.rule->severity));
    json.key("attack").text(answer.rule->attack);
    json.key("remedy").text(answer.rule->remedy);
    json.key("reference").text(answer.rule->reference);
    json.key("findings").number(std::uint64_t{answer.findings.size()});
    json.key("unknown");
    answer.unknown.empty() ? json.null() : json.text(answer.unknown);
    json.end_object();
  }
  json.end_array();
  json.key("findings").begin_array();
  for (const Answer& answer : answers) {
    for (const Finding& finding : answer.findings) write_finding(json, loaded, edges, answer, finding);
  }
  json.end_array();
  json.end_object();
  print(json.take() + "\n");
}

// Findings come first; nothing found by rules that could not look is no clean bill.
int exit_for(const LoadedGraph& loaded, const Answers& answers) {
  const auto any = [&](const auto& holds) { return std::any_of(answers.begin(), answers.end(), holds); };
  if (any([](const Answer& answer) { return !answer.findings.empty(); })) return kFindings;
  if (any([](const Answer& answer) { return !answer.unknown.empty(); })) return kIncomplete;
  return cli::exit_for(loaded.meta);
}

Result<int> run(const Options& options) {
  Result<LoadedGraph> loaded = LoadedGraph::open(options.path);
  if (!loaded) return std::move(loaded).error();
  const Result<TieredDirectory> tiered = TieredDirectory::assign(*loaded, options.rules);
  if (!tiered) return tiered.error();
  const queries::audit::Context context{loaded->snapshot, loaded->graph, tiered->tiers, tiered->rules.audit};
  Result<Answers> answers = queries::audit::run(context);
  if (!answers) return std::move(answers).error().in(options.rules);
  if (options.format == "json") {
    print_json(*loaded, *answers);
  } else {
    print_text(*loaded, *answers);
    print(coverage_text(loaded->meta));
  }
  return exit_for(*loaded, *answers);
}

}  // namespace

Action declare_audit(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("SNAP", options->path, "the snapshot")->required();
  app.add_option("--rules", options->rules, "the rules of the organisation, a TOML file");
  add_format(app, options->format, {"text", "json"});
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
