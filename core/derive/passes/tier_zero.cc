// Marks the nodes of Tier Zero: the built-in list and the nested members of its groups.

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>
#include <vector>

#include "core/base/parallel.h"
#include "core/base/text.h"
#include "core/derive/passes/passes.h"
#include "core/knowledge/tier_zero.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using directory::Sid;
using graph::NodeId;
using knowledge::NodeKind;
using knowledge::TierZeroMatch;
using knowledge::TierZeroRow;

constexpr std::string_view kSystem = "CN=System,DC=";

/// The rows of the list, each in the form in which it is quickly compared.
class TierZeroList {
 public:
  explicit TierZeroList(const Derivation& derivation)
      : directory_(derivation.directory),
        nodes_(derivation.graph.nodes()),
        is_system_(directory_.snapshot().object_count()) {
    const auto rows = knowledge::tier_zero_rows();
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const TierZeroRow& row = rows[r];
      const auto number = static_cast<std::uint16_t>(r);
      switch (row.match) {
        case TierZeroMatch::DomainRid:
          for (const Domain& domain : directory_.domains()) {
            if (domain.sid.count() != 0) add_sid(domain.sid.with_rid(row.rid), number);
          }
          break;
        case TierZeroMatch::Sid:
          if (const auto sid = Sid::parse(row.text)) add_sid(*sid, number);
          break;
        case TierZeroMatch::AccountName:
        case TierZeroMatch::AccountPrefix:
          accounts_.push_back(number);
          break;
        case TierZeroMatch::Kind:
          kinds_.try_emplace(row.kind, number);
          break;
        case TierZeroMatch::ObjectClass:
          classes_.push_back(number);
          break;
        case TierZeroMatch::SystemObject:
          places_.emplace_back("CN=" + std::string(row.text) + "," + std::string(kSystem), number);
          break;
      }
    }
  }

  /// The first row that fits; kNone when none does.
  static constexpr std::uint16_t kNone = 0xFFFF;
  std::uint16_t row_of(NodeId node) const {
    std::uint16_t found = kNone;
    const graph::NodeTable::Row& row = nodes_.rows()[node];
    if (const auto sid = sids_.find({row.issuer, row.rid}); sid != sids_.end()) found = sid->second;
    if (const auto kind = kinds_.find(nodes_.kind(node)); kind != kinds_.end())
      found = std::min(found, kind->second);
    if (row.object == snapshot::kNoObject) return found;
    const snapshot::Object object = directory_.snapshot().object(row.object);
    const auto rows = knowledge::tier_zero_rows();
    if (const std::string_view account = object.text(directory_.attributes().sam_account_name);
        !account.empty()) {
      for (const std::uint16_t number : accounts_) {
        const std::string_view text = rows[number].text;
        const bool is_prefix = rows[number].match == TierZeroMatch::AccountPrefix;
        if (equal_ascii_nocase(is_prefix ? account.substr(0, text.size()) : account, text))
          found = std::min(found, number);
      }
    }
    for (const std::uint16_t number : classes_) {
      if (directory_.is_of_class(row.object, rows[number].text)) found = std::min(found, number);
    }
    if (is_in_system(object)) {
      for (const auto& [begin, number] : places_) {
        if (equal_ascii_nocase(object.dn().substr(0, begin.size()), begin)) found = std::min(found, number);
      }
    }
    return found;
  }

 private:
  // Whether it may be directly in the System container of a domain.
  bool is_in_system(const snapshot::Object& object) const {
    const snapshot::ObjectIndex parent = object.parent();
    if (parent == snapshot::kNoObject) return true;
    // Two threads that look at once find the same.
    std::atomic<Answer>& known = is_system_[parent];
    Answer answer = known.load(std::memory_order_relaxed);
    if (answer == Answer::Unknown) {
      const std::string_view dn = directory_.snapshot().object(parent).dn();
      answer = equal_ascii_nocase(dn.substr(0, kSystem.size()), kSystem) ? Answer::Yes : Answer::No;
      known.store(answer, std::memory_order_relaxed);
    }
    return answer == Answer::Yes;
  }

  void add_sid(const Sid& sid, std::uint16_t number) {
    if (sid.count() == 0) return;
    if (const auto issuer = nodes_.find_issuer(sid.parent())) sids_.try_emplace({*issuer, sid.rid()}, number);
  }

  const DirectoryModel& directory_;
  const graph::NodeTable& nodes_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint16_t> sids_;  ///< by issuer and RID
  std::map<NodeKind, std::uint16_t> kinds_;
  std::vector<std::uint16_t> accounts_;
  std::vector<std::uint16_t> classes_;
  std::vector<std::pair<std::string, std::uint16_t>> places_;
  enum class Answer : std::uint8_t { Unknown, No, Yes };
  mutable std::vector<std::atomic<Answer>> is_system_;  ///< by container
};

}  // namespace

void mark_tier_zero(Derivation& derivation, Tokens& tokens) {
  graph::NodeTable& nodes = derivation.graph.nodes();
  std::vector<NodeId> queue;
  const TierZeroList list(derivation);
  using Found = std::vector<std::pair<NodeId, std::uint16_t>>;
  const auto look_for = [&](Range range) {
    Found found;
    for (auto n = static_cast<NodeId>(range.first); n < range.last; ++n) {
      const std::uint16_t row = list.row_of(n);
      if (row != TierZeroList::kNone) found.emplace_back(n, row);
    }
    return found;
  };
  for (const Found& found : of_ranges(nodes.size(), look_for)) {
    for (const auto& [node, row] : found) {
      nodes.set_tier(node, 0, row);
      queue.push_back(node);
    }
  }
  for (std::size_t next = 0; next < queue.size(); ++next) {
    if (nodes.kind(queue[next]) != NodeKind::Group) continue;
    const std::uint16_t row = nodes.rows()[queue[next]].tier_row;
    for (const NodeId member : tokens.members(queue[next])) {
      // "Domain Users is an administrator" must come out as a path for everyone, not make everyone Tier Zero.
      if (nodes.is_tier_zero(member)) continue;
      if (nodes.kind(member) == NodeKind::Group && knowledge::is_broad_group(nodes[member].sid)) continue;
      nodes.set_tier(member, 0, row);
      queue.push_back(member);
    }
  }
}

}  // namespace tierline::derive
