#pragma once

// JSON that may be larger than memory and is vouched for by nobody: read a piece at a time, one element of the
// document's lists in memory at once.

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace tierline::collectors::json {

/// Where the bytes of one document come from.
class Source {
 public:
  virtual ~Source() = default;
  /// The next piece, valid until the next call; empty at the end. Errors: BadData, Io.
  virtual Result<ByteSpan> next() = 0;
};

/// A document, or a part of one, in memory that belongs to whoever reads it.
struct Value {
  enum class Type : std::uint8_t { Null, Boolean, Number, String, Array, Object };
  Type type = Type::Null;
  bool boolean = false;
  std::string_view text = {};                    ///< of a string, or a number as it is written
  std::span<const std::string_view> names = {};  ///< of an object's members, beside `items()`
  const Value* first_item = nullptr;
  std::size_t item_count = 0;

  /// Of an array or object.
  std::span<const Value> items() const { return {first_item, item_count}; }
  bool is_string() const { return type == Type::String; }
  bool is_true() const { return type == Type::Boolean && boolean; }
  /// The member of this name, the first one if it is repeated; null when there is none or it is null.
  const Value* find(std::string_view name) const;
  /// The member's text if it is a string or number, or an empty one.
  std::string_view text_of(std::string_view name) const;
  /// The member's items if it is an array, or none.
  std::span<const Value> items_of(std::string_view name) const;
};

/// What to do with a document that is an object. Values are valid during the call.
struct Consumer {
  /// Each element of a list that is a member `list` of the document, or of the object that its member `graph` is.
  std::function<Status(std::string_view list, const Value& element)> element;
  /// Each other member.
  std::function<Status(std::string_view name, const Value& value)> member;
};

/// Reads one document. Errors: those of the source and the consumer; BadData with the offset of what is no JSON,
/// of text that is no UTF-8 (a byte order mark may stand before it), of nesting deeper than 64 levels.
Status read(Source& source, const Consumer& consumer);

}  // namespace tierline::collectors::json
