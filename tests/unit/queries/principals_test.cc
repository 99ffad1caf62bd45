#include "queries/principals.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "core/derive/derive.h"
#include "tests/support/directories.h"

namespace tierline::queries {
namespace {

using graph::AttackGraph;
using graph::NodeId;

/// All that a node may be called by, in lower case.
std::set<std::string> names_of(const snapshot::Snapshot& snapshot, const AttackGraph& graph, NodeId n) {
  const graph::Node node = graph.node(n);
  std::set<std::string> names = {fold_case(node.id), fold_case(node.name)};
  const auto add = [&](std::string_view name) { names.insert(fold_case(name)); };
  if (node.sid.count() != 0) add(node.sid.to_string());
  if (node.sid.to_string() == "S-1-1-0") add("Everyone");
  if (node.sid.to_string() == "S-1-5-11") {
    add("Authenticated Users");
    add("NT AUTHORITY\\Authenticated Users");
  }
  if (node.object == snapshot::kNoObject) return names;
  const snapshot::Object object = snapshot.object(node.object);
  add(object.guid().to_string());
  add(object.dn());
  const std::string account(object.text(snapshot.attribute("sAMAccountName")));
  if (account.empty()) return names;
  add(account);
  add("corp.example\\" + account);
  add(account + "@corp.example");
  if (!account.ends_with('$')) return names;
  add(account.substr(0, account.size() - 1));
  add("corp.example\\" + account.substr(0, account.size() - 1));
  return names;
}

TEST_CASE("many texts are resolved at once to what each of them names alone") {
  std::size_t named = 0;
  for (unsigned seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const snapshot::Snapshot snapshot = tests::RandomDirectory(random, {}).build();
    const AttackGraph graph = derive::derive(snapshot).graph;
    std::vector<std::set<std::string>> names;
    std::vector<std::string> texts = {
        "nobody", "corp.example\\nobody",  "elsewhere\\user0", "S-1-5-21-9-9-9-9",
        "",       "corp.example\\Everyone"};
    for (NodeId n = 0; n < graph.node_count(); ++n) {
      names.push_back(names_of(snapshot, graph, n));
      texts.insert(texts.end(), names.back().begin(), names.back().end());
    }
    std::shuffle(texts.begin(), texts.end(), random);
    for (std::size_t i = 0; i < texts.size(); i += 2) {
      for (char& c : texts[i]) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    }
    const auto found = resolve_each(snapshot, graph, texts);
    REQUIRE(found.size() == texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      CAPTURE(texts[i]);
      std::vector<NodeId> wanted;
      for (NodeId n = 0; n < graph.node_count(); ++n) {
        if (names[n].contains(fold_case(texts[i]))) wanted.push_back(n);
      }
      const auto alone = resolve(snapshot, graph, texts[i]);
      REQUIRE(found[i].ok() == (wanted.size() == 1));
      REQUIRE(alone.ok() == found[i].ok());
      if (found[i].ok()) {
        REQUIRE(*found[i] == wanted);
        REQUIRE(*alone == wanted);
        ++named;
      } else {
        REQUIRE(found[i].error().message == alone.error().message);
        REQUIRE((found[i].error().message.find("could be any of") != std::string::npos) ==
                (wanted.size() > 1));
      }
    }
  }
  CHECK(named > 5000);
}

}  // namespace
}  // namespace tierline::queries
