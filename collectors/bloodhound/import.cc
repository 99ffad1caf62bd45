#include "collectors/bloodhound/import.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <map>
#include <optional>

#include "collectors/bloodhound/archive.h"
#include "collectors/bloodhound/collection.h"
#include "collectors/bloodhound/opengraph.h"
#include "collectors/bloodhound/sharphound.h"
#include "core/base/text.h"

namespace tierline::collectors {
namespace {

using json::Value;

// "20240305110018_users.json"
const ObjectType* type_of_file(const std::string& name) {
  const std::string stem = fold_case(std::filesystem::path(name).stem().string());
  const std::size_t at = stem.rfind('_');
  return type_of_documents(std::string_view(stem).substr(at == std::string::npos ? 0 : at + 1));
}

// The same file always gives the same facts, so the time of a collection is the one in its name.
std::int64_t time_of_file(const std::string& name) {
  std::tm time = {};
  return ::strptime(name.c_str(), "%Y%m%d%H%M%S", &time) == nullptr ? 0 : ::timegm(&time);
}

std::int64_t whole_number(const Value& value) {
  std::int64_t number = 0;
  std::from_chars(value.text.data(), value.text.data() + value.text.size(), number);
  return number;
}

class Import {
 public:
  explicit Import(snapshot::Builder& builder)
      : builder_(builder), collection_(builder), sharphound_(collection_), graph_(collection_) {}

  Status run(const std::string& path, snapshot::Provenance& provenance) {
    Status status = for_each_document(path, [&](Document document) { return take_document(document); });
    if (status && !types_found_.empty()) {
      status = for_each_document(path, [&](Document document) { return take_found(document); });
    }
    if (!status) return status;
    if (documents_ == 0) {
      if (!first_fault_) return Error{ErrorCode::BadData, "no collection is in it", path};
      const std::string name = std::filesystem::path(path).filename();
      first_fault_->where = first_fault_->where == name ? path : path + ": " + first_fault_->where;
      return *std::move(first_fault_);
    }
    sharphound_.add_computers_of_sessions();
    provenance.source = "bloodhound";
    provenance.started = provenance.finished = std::max(provenance.started, latest_);
    provenance.server = std::filesystem::path(path).filename();
    sharphound_.report_coverage(builder_);
    graph_.report_coverage(builder_);
    collection_.finish();
    return {};
  }

 private:
  /// What is known of a document while it is read.
  struct Reading {
    const ObjectType* type = nullptr;  ///< of the file's name, or of `meta`
    std::string stated;                ///< meta.type
    std::int64_t count = 0;            ///< meta.count
    std::uint64_t elements = 0;
    bool is_graph = false;
    bool is_to_read_again = false;  ///< when it is known of what
  };

  Status take_document(Document& document) {
    const std::uint64_t number = seen_++;
    if (document.source == nullptr) {
      note_fault(std::move(document.error), document.name);
      return {};
    }
    Reading reading;
    reading.type = type_of_file(document.name);
    Status status = read(document, reading);
    if (!status) {
      note_fault(std::move(status).error(), document.name);
    } else if (reading.type == nullptr && !reading.is_graph) {
      note_fault(
          {ErrorCode::BadData, "no collection for BloodHound: neither its name nor its meta says of what"},
          document.name);
    } else if (reading.is_to_read_again) {
      types_found_.emplace(number, reading.type);
    } else {
      check_meta(reading, document.name);
    }
    return {};
  }

  // Its `meta`, which says of what it is, stood behind its objects. It is no larger in memory for that.
  Status take_found(Document& document) {
    const auto found = types_found_.find(seen_again_++);
    if (found == types_found_.end() || document.source == nullptr) return {};
    Reading reading;
    reading.type = found->second;
    Status status = read(document, reading);
    if (!status) {
      note_fault(std::move(status).error(), document.name);
    } else {
      check_meta(reading, document.name);
    }
    return {};
  }

  Status read(Document& document, Reading& reading) {
    const json::Consumer consumer = {.element = [&](std::string_view list, const Value& element) -> Status {
                                       take_from_list(reading, list, element);
                                       return {};
                                     },
                                     .member = [&](std::string_view name, const Value& value) -> Status {
                                       if (name == "meta") take_meta(reading, value);
                                       return {};
                                     }};
    return json::read(*document.source, consumer);
  }

  void take_from_list(Reading& reading, std::string_view list, const Value& element) {
    if (list == "nodes" || list == "edges") {
      reading.is_graph = true;
      list == "nodes" ? graph_.take_node(element) : graph_.take_edge(element);
    } else if (list == "data") {
      ++reading.elements;
      if (reading.type == nullptr) reading.is_to_read_again = true;
      if (!reading.is_to_read_again) sharphound_.take_element(*reading.type, element);
    }
  }

  static void take_meta(Reading& reading, const Value& meta) {
    reading.stated = meta.text_of("type");
    if (const Value* const count = meta.find("count")) reading.count = whole_number(*count);
    if (reading.type == nullptr) reading.type = type_of_documents(reading.stated);
  }

  void check_meta(const Reading& reading, const std::string& name) {
    ++documents_;
    latest_ = std::max(latest_, time_of_file(name));
    if (reading.type != nullptr && !reading.stated.empty() && reading.stated != reading.type->documents) {
      note_fault({ErrorCode::BadData, "its meta says " + reading.stated}, name);
    }
    // Collectors are known to write a count of 0, and people to add objects by hand: it is told, and no gap.
    if (reading.count != 0 && static_cast<std::uint64_t>(reading.count) != reading.elements) {
      builder_.cover({.area = "collection " + visible(name) + ": its meta says " +
                              std::to_string(reading.count) + " objects",
                      .read = reading.elements});
    }
  }

  void note_fault(Error error, const std::string& name) {
    if (error.where.empty()) error.where = name;
    builder_.cover({.area = "collection " + visible(name), .missing = 1, .reason = error.describe()});
    if (!first_fault_) first_fault_ = std::move(error);
  }

  snapshot::Builder& builder_;
  Collection collection_;
  SharpHound sharphound_;
  OpenGraph graph_;
  std::int64_t latest_ = 0;  ///< of the times in the documents' names
  std::optional<Error> first_fault_;
  std::uint64_t documents_ = 0;
  std::uint64_t seen_ = 0;  ///< documents, with those that cannot be read
  std::uint64_t seen_again_ = 0;
  std::map<std::uint64_t, const ObjectType*> types_found_;  ///< at the end of documents, by their place
};

}  // namespace

bool is_bloodhound(ByteSpan start) {
  std::string_view text = as_text(start);
  if (text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06")) return true;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

Status read_bloodhound(const std::string& path, snapshot::Builder& builder,
                       snapshot::Provenance& provenance) {
  return Import(builder).run(path, provenance);
}

}  // namespace tierline::collectors
