#pragma once

// A derived graph in a file of its own, beside the snapshot that it was derived from: read by mapping, without deriving
// anew. docs/architecture.md, "The graph".
//
// The file says what it was made from; one of another snapshot or other rules is as good as none. It is made by this
// program for itself: the numbers are as the machine has them, and checksums find damage. Whoever may write as the
// reader can make one that lies, but none that leads out of itself: whatever it refers to is looked for where it must
// be.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/file.h"
#include "core/base/result.h"
#include "core/graph/attack_graph.h"
#include "core/graph/column.h"
#include "core/graph/graph_check.h"
#include "core/graph/node_table.h"

namespace tierline::graph {

class GraphFile {
 public:
  /// What a graph is derived from.
  struct Key {
    std::string snapshot;  ///< its identity
    std::string rules;     ///< of the rules of derivation

    friend bool operator==(const Key&, const Key&) = default;
  };

  /// What a node answers to besides its identifier and its name.
  struct OtherName {
    std::uint64_t hash = 0;  ///< by hash_of()
    NodeId node = kNoNode;
  };
  static std::uint64_t hash_of(std::string_view name);

  /// `hops` is by node, to Tier Zero, or empty; `note` is kept for the writer. Mode 0600, whole or not at all. Errors:
  /// those of AtomicFile.
  static Status write(const std::string& path, const Key& key, const AttackGraph& graph,
                      std::span<const std::uint32_t> hops, std::vector<OtherName> other_names,
                      std::string_view note);

  /// Looks at no more than what the file says of itself. Errors: NoInput; BadData for a file that is damaged, of
  /// another version, of another snapshot or other rules, or that others than its reader could have written.
  static Result<GraphFile> open(const std::string& path, const Key& key);

  const std::string& path() const { return path_; }
  const std::string& note() const { return note_; }

  /// All of it, every checksum and every reference verified; it keeps the file. `extent` is of the snapshot. Errors:
  /// BadData naming the offset of what is damaged, or what does not fit.
  Result<AttackGraph> graph(const Extent& extent) const;

  /// A node, and how far it is from Tier Zero. The texts live as long as the file.
  struct Standing {
    Node node;
    std::uint32_t hops;
  };
  /// The node that has this name or identifier, without case; absent when none has, or something else may answer to it
  /// too. Reads, and verifies, only the pages that tell; whether the snapshot has the node's object, it cannot know.
  /// Errors: as graph(); Incomplete when no distances were kept.
  Result<std::optional<Standing>> find(std::string_view name) const;

 private:
  struct Place {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  enum Section : std::uint8_t;
  /// Where a text of a node is hashed to.
  struct NamePlace {
    std::uint64_t hash;
    NodeId node;
    std::uint32_t unused = 0;
  };
  class Writer;
  template <class Graph, class Visit>
  static void for_each_column(Graph& graph, const Visit& visit);
  static std::vector<NamePlace> name_places(const NodeTable& nodes, std::vector<OtherName>&& other_names);

  explicit GraphFile(MappedFile file) : file_(std::make_shared<const MappedFile>(std::move(file))) {}
  Status read_contents(const Key& key);
  bool sections_fit() const;
  Error damaged(std::string_view what) const;
  Status verify(std::uint64_t offset, std::uint64_t size) const;
  /// Of a column: verifies the pages of the entries from one place to before another.
  template <class T>
  Status verify_entries(unsigned section, std::size_t first, std::size_t last) const;
  template <class T>
  Column<T> column(unsigned section) const;
  ByteSpan bytes(unsigned section) const;
  Result<std::vector<NodeId>> nodes_with(std::uint64_t hash) const;
  Status verify_node(NodeId node) const;
  bool names_are_sound() const;
  Result<NodeTable> node_table() const;
  Status read_joint_proofs(AttackGraph& graph) const;

  std::shared_ptr<const MappedFile> file_;
  std::string path_;
  std::string note_;
  std::vector<Place> sections_;
  std::uint64_t end_ = 0;  ///< of the sections, where their table begins
  ByteSpan checksums_;     ///< by page, up to end_
  mutable std::vector<bool> verified_;
  mutable std::shared_ptr<const NodeTable> nodes_;  ///< for find()
};

}  // namespace tierline::graph
