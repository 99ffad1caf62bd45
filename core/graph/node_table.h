#pragma once

// The nodes of a graph and what they are called. A row for each, texts beside them.

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/hash.h"
#include "core/directory/sid.h"
#include "core/graph/column.h"
#include "core/knowledge/node_kinds.h"

namespace tierline::graph {

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = 0xFFFFFFFF;

/// One node as its table tells it. The texts live as long as the table.
struct Node {
  knowledge::NodeKind kind = knowledge::NodeKind::Base;
  std::optional<bool> enabled = {};       ///< for accounts only
  std::optional<std::uint8_t> tier = {};  ///< 0 for Tier Zero; absent otherwise
  std::uint32_t object = 0xFFFFFFFF;  ///< snapshot::ObjectIndex, 0xFFFFFFFF when no object stands behind it
  directory::Sid sid = {};            ///< empty (count 0) when it has none
  std::string_view id;                ///< as BloodHound identifies it
  std::string_view name;              ///< NAME@DOMAIN
  std::string_view domain;            ///< DNS name in upper case
  std::uint16_t tier_row = 0xFFFF;    ///< the row of the Tier Zero list that it or its group matched
};

/// Texts one after the other in blocks that stay where they are. A text never goes over the end of a block, so its
/// place counts the same in a file of all blocks as in memory.
class TextBlocks {
 public:
  static constexpr unsigned kBlockBits = 20;
  static constexpr std::size_t kBlock = std::size_t{1} << kBlockBits;
  static constexpr unsigned kLengthBits = 24;
  /// Longer texts are cut.
  static constexpr std::size_t kLongest = kBlock;

  /// A text in 64 bits: where it begins, and how long it is.
  using Ref = std::uint64_t;

  Ref add(std::string_view text);
  std::string_view operator[](Ref ref) const {
    const std::uint64_t place = place_of(ref);
    return {blocks_[place >> kBlockBits] + (place & (kBlock - 1)), length_of(ref)};
  }

  /// In bytes, up to the end of the last text.
  std::size_t size() const { return size_; }
  const std::vector<const char*>& blocks() const { return blocks_; }
  /// All blocks as they lie in a file.
  static TextBlocks over(std::span<const char> bytes, std::shared_ptr<const void> owner);
  static std::uint64_t place_of(Ref ref) { return ref >> kLengthBits; }
  static std::size_t length_of(Ref ref) { return ref & ((std::size_t{1} << kLengthBits) - 1); }
  /// Whether a text has its place in these blocks, for one that a file speaks of.
  bool holds(Ref ref) const;

 private:
  std::vector<const char*> blocks_;
  std::vector<std::unique_ptr<char[]>> own_;
  std::shared_ptr<const void> owner_;
  std::size_t size_ = 0;
};

class NodeTable {
 public:
  /// What a table keeps of a node.
  struct Row {
    TextBlocks::Ref id = 0;
    TextBlocks::Ref name = 0;
    std::uint32_t object = 0xFFFFFFFF;
    std::uint32_t issuer = 0;  ///< of its SID, in issuers(); 0 when it has none
    std::uint32_t rid = 0;
    std::uint32_t domain = 0;  ///< in domains()
    std::uint16_t tier_row = 0xFFFF;
    std::uint8_t kind = 0;
    std::uint8_t enabled = kUnknown;
    std::uint8_t tier = kNoTier;
    std::array<std::uint8_t, 3> unused = {};
  };
  static constexpr std::uint8_t kUnknown = 2;
  static constexpr std::uint8_t kNoTier = 0xFF;

  NodeTable();
  NodeTable(NodeTable&&) = default;
  NodeTable& operator=(NodeTable&&) = default;
  NodeTable(const NodeTable&) = delete;
  NodeTable& operator=(const NodeTable&) = delete;

  std::size_t size() const { return rows_.size(); }
  Node operator[](NodeId node) const;

  // One thing of a node, for who looks at many.
  knowledge::NodeKind kind(NodeId node) const { return static_cast<knowledge::NodeKind>(rows_[node].kind); }
  std::uint32_t object(NodeId node) const { return rows_[node].object; }
  bool is_tier_zero(NodeId node) const { return rows_[node].tier == 0; }
  bool is_disabled(NodeId node) const { return rows_[node].enabled == 0; }
  std::string_view id(NodeId node) const { return texts_[rows_[node].id]; }
  std::string_view name(NodeId node) const { return texts_[rows_[node].name]; }

  /// Adds a node; its texts are copied.
  NodeId add(const Node& node);
  /// The same of a node whose SID is that of its issuer with a relative identifier.
  NodeId add(Row row);
  /// Adds the nodes of another table, in order.
  void append(const NodeTable& more);
  void reserve(std::size_t nodes) { own_.reserve(nodes); }
  void set_kind(NodeId node, knowledge::NodeKind kind) { own_[node].kind = static_cast<std::uint8_t>(kind); }
  void set_tier(NodeId node, std::uint8_t tier, std::uint16_t row) {
    own_[node].tier = tier;
    own_[node].tier_row = row;
  }
  void set_name(NodeId node, std::string_view name) { own_[node].name = texts_.add(name); }
  void set_domain(NodeId node, std::string_view domain) { own_[node].domain = domain_index(domain); }

  /// The texts of the table; of a row that is to be added, before it is.
  TextBlocks::Ref add_text(std::string_view text) { return texts_.add(text); }
  std::uint32_t domain_index(std::string_view domain);
  std::uint32_t issuer_index(const directory::Sid& issuer);
  std::optional<std::uint32_t> find_issuer(const directory::Sid& issuer) const;

  class Iterator {
   public:
    using value_type = Node;
    using difference_type = std::ptrdiff_t;
    using reference = Node;
    using pointer = void;
    using iterator_category = std::input_iterator_tag;
    Iterator() = default;
    Iterator(const NodeTable* table, NodeId node) : table_(table), node_(node) {}
    Node operator*() const { return (*table_)[node_]; }
    Iterator& operator++() {
      ++node_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++node_;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.node_ == b.node_; }

   private:
    const NodeTable* table_ = nullptr;
    NodeId node_ = 0;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, static_cast<NodeId>(size())}; }

  /// Whether the texts, the domain, the issuer and the kind that a row speaks of are there. They are in a table that was
  /// built; one that comes out of a file has to be asked before anything else is read of the node.
  bool is_sound(NodeId node) const;

  // What a file keeps of a table.
  std::span<const Row> rows() const { return rows_; }
  const TextBlocks& texts() const { return texts_; }
  const std::deque<std::string>& domains() const { return domains_; }
  std::span<const directory::Sid> issuers() const { return issuers_; }
  static NodeTable of(Column<Row> rows, TextBlocks texts, std::deque<std::string> domains,
                      Column<directory::Sid> issuers);

 private:
  std::vector<Row> own_;
  std::span<const Row> rows_;
  Column<Row> mapped_;
  TextBlocks texts_;
  std::deque<std::string> domains_ = {""};  ///< whose texts stay where they are
  std::vector<directory::Sid> own_issuers_ = {directory::Sid()};
  std::span<const directory::Sid> issuers_ = own_issuers_;
  Column<directory::Sid> mapped_issuers_;
  boost::unordered_flat_map<std::string, std::uint32_t, SeededHash, std::equal_to<>> domain_index_;
  boost::unordered_flat_map<directory::Sid, std::uint32_t, std::hash<directory::Sid>> issuer_index_;
  std::uint32_t last_domain_ = 0;
  std::uint32_t last_issuer_ = 0;
};

}  // namespace tierline::graph
