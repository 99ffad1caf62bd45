#include "core/derive/access_check.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "core/knowledge/access_rights.h"

namespace tierline::derive {
namespace {

using namespace directory;  // with its literals
namespace access = knowledge::access;

constexpr Guid kClass = "00000000-0000-0000-0000-0000000000c1"_guid;
constexpr Guid kSetA = "00000000-0000-0000-0000-0000000000a0"_guid;
constexpr Guid kA1 = "00000000-0000-0000-0000-0000000000a1"_guid;
constexpr Guid kA2 = "00000000-0000-0000-0000-0000000000a2"_guid;
constexpr Guid kLoose = "00000000-0000-0000-0000-0000000000b1"_guid;
constexpr Guid kElsewhere = "00000000-0000-0000-0000-0000000000e1"_guid;
constexpr Guid kRight = "00000000-0000-0000-0000-0000000000f1"_guid;

constexpr Trustee kAnn = 1;
constexpr Trustee kStaff = 2;
constexpr Trustee kOther = 3;

ObjectTypeTree small_tree() {
  ObjectTypeTree tree(kClass);
  tree.add_attribute(kA1, kSetA);
  tree.add_attribute(kA2, kSetA);
  tree.add_attribute(kLoose, {});
  return tree;
}

CompiledAce allow(Trustee trustee, std::uint32_t mask, std::optional<Guid> type = {}) {
  return {.mask = mask, .trustee = trustee, .allow = true, .object_type = type};
}

CompiledAce deny(Trustee trustee, std::uint32_t mask, std::optional<Guid> type = {}) {
  return {.mask = mask, .trustee = trustee, .allow = false, .object_type = type};
}

CompiledDacl dacl(std::vector<CompiledAce> aces) {
  CompiledDacl list{std::move(aces)};
  for (std::size_t i = 0; i < list.aces.size(); ++i) list.aces[i].place = static_cast<std::uint16_t>(i);
  return list;
}

const Request kWriteObject{Request::Kind::Property, access::kWriteProperty, {}};
const Request kWriteA1{Request::Kind::Property, access::kWriteProperty, kA1};
const Request kWriteSetA{Request::Kind::Property, access::kWriteProperty, kSetA};
const Request kUseRight{Request::Kind::Extended, access::kControlAccess, kRight};

bool ann_gets(const CompiledDacl& list, const Request& request) {
  return access_check(list, small_tree(), request, kAnn, {kAnn, kStaff}).granted;
}

TEST_CASE("the first entry to decide a bit wins") {
  CHECK_FALSE(ann_gets(dacl({deny(kAnn, 0x20), allow(kAnn, 0x20)}), kWriteObject));
  CHECK(ann_gets(dacl({allow(kAnn, 0x20), deny(kAnn, 0x20)}), kWriteObject));
}

TEST_CASE("a denial reaches through a group, an allowance only by its own name") {
  CHECK_FALSE(ann_gets(dacl({deny(kStaff, 0x20), allow(kAnn, 0x20)}), kWriteObject));
  CHECK_FALSE(ann_gets(dacl({allow(kStaff, 0x20)}), kWriteObject));
}

TEST_CASE("a denial of somebody else comes back as an exclusion") {
  const Decision decision =
      access_check(dacl({deny(kOther, 0x20), allow(kAnn, 0x20)}), small_tree(), kWriteObject, kAnn, {kAnn});
  CHECK(decision.granted);
  CHECK(decision.excluded == std::vector<Trustee>{kOther});
  CHECK(decision.aces == std::vector<std::uint16_t>{1});
}

TEST_CASE("object types: the class covers all, a set its attributes, a stranger nothing") {
  CHECK(ann_gets(dacl({allow(kAnn, 0x20, kClass)}), kWriteA1));
  CHECK(ann_gets(dacl({allow(kAnn, 0x20, kClass)}), kWriteObject));
  CHECK(ann_gets(dacl({allow(kAnn, 0x20, kSetA)}), kWriteA1));
  CHECK_FALSE(ann_gets(dacl({allow(kAnn, 0x20, kSetA)}), kWriteObject));
  CHECK_FALSE(ann_gets(dacl({allow(kAnn, 0x20, kElsewhere)}), kWriteA1));
  CHECK_FALSE(ann_gets(dacl({allow(kAnn, 0x20, kA2)}), kWriteA1));
}

TEST_CASE("an entry for the class grants its own bits and no others") {
  const auto list = dacl({allow(kAnn, access::kControlAccess, kClass)});
  CHECK_FALSE(ann_gets(list, kWriteObject));
  CHECK_FALSE(ann_gets(list, kWriteA1));
  CHECK_FALSE(ann_gets(list, {.mask = access::kWriteOwner}));
  CHECK_FALSE(ann_gets(list, kUseRight));
  CHECK(ann_gets(dacl({allow(kAnn, access::kWriteOwner, kClass)}), {.mask = access::kWriteOwner}));
}

TEST_CASE("an entry for an attribute says nothing about the object as a whole") {
  const Request write_dacl{.mask = access::kWriteDacl};
  CHECK_FALSE(ann_gets(dacl({allow(kAnn, access::kWriteDacl, kA1)}), write_dacl));
  CHECK(ann_gets(dacl({deny(kAnn, access::kWriteDacl, kA1), allow(kAnn, access::kWriteDacl)}), write_dacl));
}

TEST_CASE("attributes that add up to a set give the set, and sets that add up give the object") {
  const auto both = dacl({allow(kAnn, 0x20, kA1), allow(kAnn, 0x20, kA2)});
  CHECK(ann_gets(both, kWriteSetA));
  CHECK_FALSE(ann_gets(both, kWriteObject));
  CHECK(ann_gets(dacl({allow(kAnn, 0x20, kA1), allow(kAnn, 0x20, kA2), allow(kAnn, 0x20, kLoose)}),
                 kWriteObject));
}

TEST_CASE("a denied part takes the whole, and leaves its siblings") {
  const auto list = dacl({deny(kAnn, 0x20, kA1), allow(kAnn, 0x20)});
  CHECK_FALSE(ann_gets(list, kWriteA1));
  CHECK_FALSE(ann_gets(list, kWriteSetA));
  CHECK_FALSE(ann_gets(list, kWriteObject));
  CHECK(ann_gets(list, {Request::Kind::Property, 0x20, kA2}));
  CHECK(ann_gets(list, {Request::Kind::Property, 0x20, kLoose}));
}

TEST_CASE("control access rights: an entry without type is for all, one with a type for that") {
  CHECK(ann_gets(dacl({allow(kAnn, 0x100)}), kUseRight));
  CHECK(ann_gets(dacl({allow(kAnn, 0x100, kRight)}), kUseRight));
  CHECK_FALSE(ann_gets(dacl({allow(kAnn, 0x100, kElsewhere)}), kUseRight));
  CHECK_FALSE(ann_gets(dacl({deny(kStaff, 0x100, kRight), allow(kAnn, access::kFullControl)}), kUseRight));
  CHECK(ann_gets(dacl({deny(kStaff, 0x100, kElsewhere), allow(kAnn, access::kFullControl)}), kUseRight));
}

TEST_CASE("a right under a condition is granted as conditional only") {
  CompiledAce conditional = allow(kAnn, 0x20);
  conditional.conditional = true;
  const Decision only = access_check(dacl({conditional}), small_tree(), kWriteObject, kAnn, {kAnn});
  CHECK(only.granted);
  CHECK(only.conditional);
  const Decision also =
      access_check(dacl({conditional, allow(kAnn, 0x20)}), small_tree(), kWriteObject, kAnn, {kAnn});
  CHECK(also.granted);
  CHECK_FALSE(also.conditional);
}

TEST_CASE("no DACL grants everything, an empty one nothing") {
  CompiledDacl none;
  none.grants_everything = true;
  CHECK(ann_gets(none, kWriteObject));
  CHECK_FALSE(ann_gets(dacl({}), kWriteObject));
}

TEST_CASE("full control is every bit") {
  const Request full{.mask = access::kFullControl};
  CHECK(ann_gets(dacl({allow(kAnn, access::kFullControl)}), full));
  CHECK_FALSE(ann_gets(dacl({allow(kAnn, access::kFullControl & ~access::kControlAccess)}), full));
  CHECK(ann_gets(dacl({allow(kAnn, 0xF00FF), allow(kAnn, 0x100)}), full));
}

// -- a literal transcription of [MS-ADTS] 5.1.3.3.3 and 5.1.3.3.4, for one concrete token --------------------

struct TypeNode {
  Guid guid;
  int parent;
};
const std::vector<TypeNode> kTypes = {{kClass, -1}, {kSetA, 0}, {kA1, 1}, {kA2, 1}, {kLoose, 0}};

// Each node begins with the right remaining; allowing takes it off, denying marks it for good.
bool literal_tree_check(const CompiledDacl& list, std::uint32_t bit, std::size_t wanted,
                        const std::vector<Trustee>& token) {
  std::vector<int> state(kTypes.size(), 0);  // 0 remaining, 1 granted, 2 denied
  const auto below = [](std::size_t node, std::size_t top) {
    for (int at = static_cast<int>(node); at >= 0; at = kTypes[static_cast<std::size_t>(at)].parent) {
      if (at == static_cast<int>(top)) return true;
    }
    return false;
  };
  for (const CompiledAce& ace : list.aces) {
    if ((ace.mask & bit) == 0 || std::find(token.begin(), token.end(), ace.trustee) == token.end()) continue;
    std::size_t node = 0;
    if (ace.object_type) {
      const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                      [&](const TypeNode& type) { return type.guid == *ace.object_type; });
      if (found == kTypes.end()) continue;
      node = static_cast<std::size_t>(found - kTypes.begin());
    }
    bool changed = false;
    for (std::size_t n = 0; n < kTypes.size(); ++n) {
      if (!below(n, node) || state[n] != 0) continue;
      state[n] = ace.allow ? 1 : 2;
      changed = true;
    }
    if (!changed) continue;
    if (ace.allow) {
      for (int up = kTypes[node].parent; up >= 0; up = kTypes[static_cast<std::size_t>(up)].parent) {
        bool all = true;
        for (std::size_t n = 0; n < kTypes.size(); ++n) {
          if (kTypes[n].parent == up && state[n] != 1) all = false;
        }
        if (!all || state[static_cast<std::size_t>(up)] != 0) break;
        state[static_cast<std::size_t>(up)] = 1;
      }
    } else {
      for (int up = kTypes[node].parent; up >= 0; up = kTypes[static_cast<std::size_t>(up)].parent) {
        if (state[static_cast<std::size_t>(up)] == 0) state[static_cast<std::size_t>(up)] = 2;
      }
    }
  }
  return state[wanted] == 1;
}

bool literal_right_check(const CompiledDacl& list, const Guid& right, const std::vector<Trustee>& token) {
  for (const CompiledAce& ace : list.aces) {
    if ((ace.mask & access::kControlAccess) == 0) continue;
    if (std::find(token.begin(), token.end(), ace.trustee) == token.end()) continue;
    if (!ace.object_type || *ace.object_type == right) return ace.allow;
  }
  return false;
}

// What the graph says of an actor: some trustee in the token has the right, and no exclusion hits the token.
bool by_trustees(const CompiledDacl& list, const Request& request, const std::vector<Trustee>& actor) {
  for (const Trustee trustee : actor) {
    const Decision decision = access_check(list, small_tree(), request, trustee, {trustee});
    const bool hit = std::any_of(decision.excluded.begin(), decision.excluded.end(), [&](Trustee excluded) {
      return std::find(actor.begin(), actor.end(), excluded) != actor.end();
    });
    if (decision.granted && !hit) return true;
  }
  return false;
}

TEST_CASE(
    "every list of up to three entries over two trustees gives each actor what the specification gives") {
  // Rights on one attribute and one control access right: what a single entry can decide.
  std::vector<CompiledAce> entries;
  for (const Trustee trustee : {kAnn, kStaff}) {
    for (const bool allows : {true, false}) {
      for (const std::uint32_t mask : {access::kWriteProperty, access::kControlAccess}) {
        for (const std::optional<Guid>& type :
             {std::optional<Guid>(), std::optional(kSetA), std::optional(kA1), std::optional(kA2),
              std::optional(kRight)}) {
          entries.push_back({.mask = mask, .trustee = trustee, .allow = allows, .object_type = type});
        }
      }
    }
  }
  const std::vector<std::vector<Trustee>> actors = {{kAnn}, {kStaff}, {kAnn, kStaff}};
  std::uint64_t verdicts = 0;
  std::uint64_t disagreements = 0;
  const auto check_list = [&](const CompiledDacl& list) {
    for (const std::vector<Trustee>& actor : actors) {
      disagreements +=
          by_trustees(list, kWriteA1, actor) != literal_tree_check(list, access::kWriteProperty, 2, actor);
      disagreements += by_trustees(list, kUseRight, actor) != literal_right_check(list, kRight, actor);
      verdicts += 2;
    }
  };
  for (const CompiledAce& one : entries) {
    check_list(dacl({one}));
    for (const CompiledAce& two : entries) {
      check_list(dacl({one, two}));
      for (const CompiledAce& three : entries) check_list(dacl({one, two, three}));
    }
  }
  CHECK(disagreements == 0);
  CHECK(verdicts == 6 * (40 + 40 * 40 + 40 * 40 * 40));
}

TEST_CASE(
    "random lists: what one trustee gets on any node is what the specification gives a token of just it") {
  std::mt19937 random(20);
  const std::array<std::optional<Guid>, 7> types = {std::nullopt, kClass, kSetA,     kA1,
                                                    kA2,          kLoose, kElsewhere};
  for (int round = 0; round < 20000; ++round) {
    CompiledDacl list;
    for (std::size_t i = 0, size = random() % 7; i < size; ++i) {
      list.aces.push_back({.mask = access::kWriteProperty,
                           .trustee = kAnn,
                           .place = static_cast<std::uint16_t>(i),
                           .allow = random() % 3 != 0,
                           .object_type = types[random() % types.size()]});
    }
    for (std::size_t node = 0; node < kTypes.size(); ++node) {
      const Request request{Request::Kind::Property, access::kWriteProperty, kTypes[node].guid};
      CHECK(access_check(list, small_tree(), request, kAnn, {kAnn}).granted ==
            literal_tree_check(list, access::kWriteProperty, node, {kAnn}));
    }
  }
}

/// Checks of each set of allowing entries that it keeps the right for as many exactly when it has one of each part. Returns
/// how many parts the proof has and whether any entry is one of several in its part.
std::pair<std::size_t, bool> check_proof(const CompiledDacl& list, const Request& request,
                                         const std::vector<Trustee>& token) {
  const Decision whole = access_check(list, small_tree(), request, kAnn, token);
  if (!whole.granted) {
    CHECK(whole.proof.empty());
    return {0, false};
  }
  Parts<std::uint16_t> simplest = whole.proof;
  simplify(simplest);
  CHECK(simplest == whole.proof);
  for (unsigned kept = 0; kept < 1u << list.aces.size(); ++kept) {
    CompiledDacl rest;
    for (const CompiledAce& ace : list.aces) {
      if (!ace.allow || (kept >> ace.place & 1) != 0) rest.aces.push_back(ace);
    }
    const Decision decision = access_check(rest, small_tree(), request, kAnn, token);
    const bool is_as_wide =
        decision.granted && std::includes(whole.excluded.begin(), whole.excluded.end(),
                                          decision.excluded.begin(), decision.excluded.end());
    const bool is_proved = std::all_of(whole.proof.begin(), whole.proof.end(), [&](const auto& part) {
      return std::any_of(part.begin(), part.end(),
                         [&](std::uint16_t place) { return (kept >> place & 1) != 0; });
    });
    REQUIRE(is_as_wide == is_proved);
  }
  return {whole.proof.size(), std::any_of(whole.proof.begin(), whole.proof.end(),
                                          [](const auto& part) { return part.size() > 1; })};
}

TEST_CASE("a right rests on the entries of which one must be left for it to be granted to as many") {
  std::mt19937 random(21);
  const std::array<std::optional<Guid>, 8> types = {std::nullopt, std::nullopt, kClass, kSetA,
                                                    kA1,          kA2,          kLoose, kRight};
  const std::array<std::uint32_t, 6> masks = {0x20, 0x20, 0x120, 0x40020, 0xC0000, access::kFullControl};
  const std::vector<Request> requests = {kWriteObject,
                                         kWriteA1,
                                         kWriteSetA,
                                         kUseRight,
                                         {.mask = access::kWriteDacl},
                                         {.mask = 0xC0000},
                                         {.mask = access::kFullControl}};
  constexpr std::array<Trustee, 4> kMostlyAnn = {kAnn, kAnn, kAnn, kOther};
  constexpr std::array<Trustee, 4> kMostlyOther = {kAnn, kStaff, kOther, kOther};
  std::size_t granted = 0;
  std::size_t with_choice = 0;
  std::size_t joint = 0;
  std::size_t joint_with_choice = 0;
  for (int round = 0; round < 6000; ++round) {
    CAPTURE(round);
    std::vector<CompiledAce> aces;
    for (std::size_t i = 0, size = 1 + random() % 7; i < size; ++i) {
      CompiledAce& ace = aces.emplace_back();
      ace.allow = random() % 5 != 0;
      ace.trustee = (ace.allow ? kMostlyAnn : kMostlyOther)[random() % 4];
      ace.mask = masks[random() % masks.size()];
      ace.object_type = types[random() % types.size()];
    }
    for (const Request& request : requests) {
      const auto [parts, has_choice] = check_proof(dacl(aces), request, {kAnn, kStaff});
      if (parts != 0) ++granted;
      if (has_choice) ++with_choice;
      if (parts > 1) ++joint;
      if (parts > 1 && has_choice) ++joint_with_choice;
    }
  }
  CHECK(granted > 4000);
  CHECK(with_choice > 1000);
  CHECK(joint > 500);
  CHECK(joint_with_choice > 200);
}

TEST_CASE("an entry that hangs on a condition grants as well when those that do not are gone") {
  CompiledAce conditional = allow(kAnn, 0x20);
  conditional.conditional = true;
  const Decision decision =
      access_check(dacl({conditional, allow(kAnn, 0x20)}), small_tree(), kWriteObject, kAnn, {kAnn});
  CHECK(decision.aces == std::vector<std::uint16_t>{1});
  CHECK(decision.proof == Parts<std::uint16_t>{{0, 1}});
}

TEST_CASE("of a right whose bits may come from others in the token, one's own entries come first") {
  const Request read{Request::Kind::Property, access::kReadProperty | access::kControlAccess, kLoose};
  const auto ask = [&](std::vector<CompiledAce> aces) {
    return joint_access_check(dacl(std::move(aces)), small_tree(), read, kAnn, {kAnn, kStaff});
  };
  constexpr std::uint32_t kBoth = access::kReadProperty | access::kControlAccess;
  CHECK(ask({allow(kStaff, kBoth), allow(kAnn, kBoth)}).proof == Parts<std::uint16_t>{{1}});
  CHECK(ask({allow(kStaff, access::kReadProperty), allow(kAnn, access::kControlAccess)}).proof ==
        Parts<std::uint16_t>{{0}, {1}});
  // Without the second entry, the first would have to go with the fourth.
  CHECK(ask({allow(kStaff, access::kReadProperty), allow(kStaff, access::kReadProperty),
             allow(kStaff, access::kControlAccess), allow(kAnn, access::kControlAccess)})
            .proof == Parts<std::uint16_t>{{0, 1}, {2, 3}});
  CHECK_FALSE(ask({allow(kStaff, kBoth), allow(kAnn, access::kWriteDacl)}).granted);
  // Whoever reads by it needs the group's entry, which is enough for the group.
  CHECK_FALSE(ask({allow(kStaff, kBoth)}).granted);
}

}  // namespace
}  // namespace tierline::derive
