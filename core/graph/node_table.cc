#include "core/graph/node_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tierline::graph {

TextBlocks::Ref TextBlocks::add(std::string_view text) {
  text = text.substr(0, kLongest);
  const std::size_t left = blocks_.size() * kBlock - size_;
  if (text.size() > left || blocks_.empty()) {
    // What is left stays in the files that are made of blocks.
    if (!own_.empty() && left != 0) std::memset(own_.back().get() + kBlock - left, 0, left);
    size_ = blocks_.size() * kBlock;
    own_.push_back(std::make_unique_for_overwrite<char[]>(kBlock));
    blocks_.push_back(own_.back().get());
  }
  const std::uint64_t place = size_;
  if (!text.empty()) std::memcpy(own_.back().get() + (place & (kBlock - 1)), text.data(), text.size());
  size_ += text.size();
  // An empty text at the very end of a block is as well at the beginning of the first.
  if (text.empty()) return 0;
  return place << kLengthBits | text.size();
}

TextBlocks TextBlocks::over(std::span<const char> bytes, std::shared_ptr<const void> owner) {
  TextBlocks texts;
  for (std::size_t at = 0; at < bytes.size(); at += kBlock) texts.blocks_.push_back(bytes.data() + at);
  if (texts.blocks_.empty()) texts.blocks_.push_back("");
  texts.size_ = bytes.size();
  texts.owner_ = std::move(owner);
  return texts;
}

bool TextBlocks::holds(Ref ref) const {
  const std::uint64_t place = place_of(ref);
  const std::size_t length = length_of(ref);
  if (length == 0) return place == 0;  // see add()
  const std::size_t in_block = place & (kBlock - 1);
  return place < size_ && length <= size_ - place && length <= kBlock - in_block;
}

NodeTable::NodeTable() { texts_.add({}); }

Node NodeTable::operator[](NodeId node) const {
  const Row& row = rows_[node];
  Node found;
  found.kind = static_cast<knowledge::NodeKind>(row.kind);
  if (row.enabled != kUnknown) found.enabled = row.enabled != 0;
  if (row.tier != kNoTier) found.tier = row.tier;
  found.object = row.object;
  if (row.issuer != 0) found.sid = issuers_[row.issuer].with_rid(row.rid);
  found.id = texts_[row.id];
  found.name = texts_[row.name];
  found.domain = domains_[row.domain];
  found.tier_row = row.tier_row;
  return found;
}

bool NodeTable::is_sound(NodeId node) const {
  const Row& row = rows_[node];
  return texts_.holds(row.id) && texts_.holds(row.name) && row.domain < domains_.size() &&
         row.issuer < issuers_.size() && row.kind < knowledge::kNodeKindNames.size();
}

NodeId NodeTable::add(const Node& node) {
  Row row;
  row.kind = static_cast<std::uint8_t>(node.kind);
  if (node.enabled) row.enabled = *node.enabled ? 1 : 0;
  row.tier = node.tier.value_or(kNoTier);
  row.object = node.object;
  if (node.sid.count() != 0) {
    row.issuer = issuer_index(node.sid.parent());
    row.rid = node.sid.rid();
  }
  row.id = texts_.add(node.id);
  row.name = texts_.add(node.name);
  row.domain = domain_index(node.domain);
  row.tier_row = node.tier_row;
  return add(row);
}

NodeId NodeTable::add(Row row) {
  own_.push_back(row);
  rows_ = own_;
  return static_cast<NodeId>(own_.size() - 1);
}

void NodeTable::append(const NodeTable& more) {
  std::vector<std::uint32_t> domain_of;
  for (const std::string& domain : more.domains_) domain_of.push_back(domain_index(domain));
  std::vector<std::uint32_t> issuer_of = {0};
  for (const directory::Sid& issuer : more.issuers_.subspan(1)) issuer_of.push_back(issuer_index(issuer));
  for (Row row : more.rows_) {
    row.id = texts_.add(more.texts_[row.id]);
    row.name = texts_.add(more.texts_[row.name]);
    row.domain = domain_of[row.domain];
    row.issuer = issuer_of[row.issuer];
    own_.push_back(row);
  }
  rows_ = own_;
}

std::uint32_t NodeTable::domain_index(std::string_view domain) {
  if (domains_[last_domain_] == domain) return last_domain_;
  const auto found = domain_index_.find(domain);
  if (found != domain_index_.end()) return last_domain_ = found->second;
  if (domain.empty()) return 0;
  last_domain_ = static_cast<std::uint32_t>(domains_.size());
  domains_.emplace_back(domain);
  domain_index_.emplace(std::string(domain), last_domain_);
  return last_domain_;
}

std::uint32_t NodeTable::issuer_index(const directory::Sid& issuer) {
  if (last_issuer_ != 0 && issuers_[last_issuer_] == issuer) return last_issuer_;
  const auto [place, added] = issuer_index_.try_emplace(issuer, static_cast<std::uint32_t>(issuers_.size()));
  if (added) own_issuers_.push_back(issuer);
  issuers_ = own_issuers_;
  return last_issuer_ = place->second;
}

std::optional<std::uint32_t> NodeTable::find_issuer(const directory::Sid& issuer) const {
  if (last_issuer_ != 0 && issuers_[last_issuer_] == issuer) return last_issuer_;
  if (!mapped_issuers_.empty()) {
    const auto place = std::find(issuers_.begin(), issuers_.end(), issuer);
    if (place == issuers_.end()) return std::nullopt;
    return static_cast<std::uint32_t>(place - issuers_.begin());
  }
  const auto found = issuer_index_.find(issuer);
  return found == issuer_index_.end() ? std::nullopt : std::optional(found->second);
}

NodeTable NodeTable::of(Column<Row> rows, TextBlocks texts, std::deque<std::string> domains,
                        Column<directory::Sid> issuers) {
  NodeTable table;
  table.mapped_ = std::move(rows);
  table.rows_ = table.mapped_.span();
  table.texts_ = std::move(texts);
  table.domains_ = std::move(domains);
  table.mapped_issuers_ = std::move(issuers);
  table.issuers_ = table.mapped_issuers_.span();
  return table;
}

}  // namespace tierline::graph
