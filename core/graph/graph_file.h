#pragma once

// A derived graph in a file of its own, beside the snapshot that it was derived from: read by mapping, without deriving anew.
// docs/architecture.md, "The graph".
//
// The file says what it was made from; one of another snapshot or other rules is as good as none. It is made by this program
// for itself: the numbers are as the machine has them, and what is read is held to checksums, not to its sense.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/file.h"
#include "core/graph/attack_graph.h"

namespace tierline::graph {

class GraphFile {
 public:
  /// What a graph is derived from.
  struct Key {
    std::string snapshot;  ///< its identity
    std::string rules;     ///< of the rules of derivation

    friend bool operator==(const Key&, const Key&) = default;
  };

  /// `hops` is by node, to Tier Zero; `note` is kept for the writer. Mode 0600, whole or not at all. Errors: those of AtomicFile.
  static Status write(const std::string& path, const Key& key, const AttackGraph& graph,
                      std::span<const std::uint32_t> hops, std::string_view note);

  /// Looks at no more than what the file says of itself. Errors: NoInput; BadData for a file that is damaged, of another version,
  /// of another snapshot or other rules, or that others than its reader could have written.
  static Result<GraphFile> open(const std::string& path, const Key& key);

  const std::string& note() const { return note_; }

  /// All of it, every checksum verified; it keeps the file. Errors: BadData naming the offset of what is damaged.
  Result<AttackGraph> graph() const;

  /// A node, and how far it is from Tier Zero. The texts live as long as the file.
  struct Standing {
    Node node;
    std::uint32_t hops;
  };
  /// The nodes that have this name or identifier, without case. Reads, and verifies, only the pages that tell. Errors: as
  /// graph(); Incomplete when no distances were kept.
  Result<std::vector<Standing>> find(std::string_view name) const;

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

  explicit GraphFile(MappedFile file) : file_(std::make_shared<const MappedFile>(std::move(file))) {}
  Status read_contents(const std::string& path, const Key& key);
  Status verify(std::uint64_t offset, std::uint64_t size) const;
  Status verify(const Place& place) const { return verify(place.offset, place.size); }
  template <class T>
  Column<T> column(unsigned section) const;
  ByteSpan bytes(unsigned section) const;
  Result<std::vector<NodeId>> nodes_with(std::uint64_t hash) const;
  NodeTable node_table() const;

  std::shared_ptr<const MappedFile> file_;
  std::string path_;
  std::string note_;
  std::vector<Place> sections_;
  ByteSpan checksums_;  ///< by page
  mutable std::vector<bool> verified_;
  mutable std::shared_ptr<const NodeTable> nodes_;  ///< for find()
};

}  // namespace tierline::graph
