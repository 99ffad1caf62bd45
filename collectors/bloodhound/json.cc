#include "collectors/bloodhound/json.h"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <string>
#include <utility>
#include <vector>

#include "core/base/arena.h"
#include "core/base/checked_heap.h"

namespace tierline::collectors::json {
namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";

// An input stream as RapidJSON wants it.
class Stream {
 public:
  using Ch = char;

  explicit Stream(Source& source) : source_(source) { refill(); }

  Ch Peek() const { return at_ < piece_.size() ? piece_[at_] : '\0'; }
  Ch Take() {
    const Ch c = Peek();
    if (at_ < piece_.size() && ++at_ == piece_.size()) refill();
    return c;
  }
  std::size_t Tell() const { return before_ + at_; }

  // Only for parsing in place, which this is not.
  Ch* PutBegin() { return nullptr; }
  void Put(Ch) {}
  void Flush() {}
  std::size_t PutEnd(Ch*) { return 0; }

  bool at_end() const { return at_ >= piece_.size(); }
  std::string_view ahead() const { return piece_.substr(at_); }
  void skip(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) Take();
  }
  const Status& status() const { return status_; }

 private:
  void refill() {
    before_ += piece_.size();
    piece_ = {};
    at_ = 0;
    Result<ByteSpan> next = source_.next();
    if (next) {
      piece_ = as_text(*next);
    } else {
      status_ = std::move(next).error();
    }
  }

  Source& source_;
  std::string_view piece_;
  std::size_t at_ = 0;
  std::size_t before_ = 0;  ///< bytes of earlier pieces
  Status status_;
};

/// Puts values together and hands them over at the second or third level of the document.
class Handler {
 public:
  explicit Handler(const Consumer& consumer) : consumer_(consumer) {}

  bool Null() { return scalar({}); }
  bool Bool(bool value) { return scalar({.type = Value::Type::Boolean, .boolean = value}); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    return scalar({.type = Value::Type::Number, .text = memory_.keep({text, size})});
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return scalar({.type = Value::Type::String, .text = memory_.keep({text, size})});
  }
  bool StartObject() { return start(Value::Type::Object); }
  bool EndObject(rapidjson::SizeType) { return end(); }
  bool StartArray() { return start(Value::Type::Array); }
  bool EndArray(rapidjson::SizeType) { return end(); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (open_.empty()) {
      member_.assign(text, size);
    } else {
      names_.push_back(memory_.keep({text, size}));
    }
    return true;
  }
  // With numbers as text these are never called.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

  /// Why it made the parser stop.
  Status& status() { return status_; }

 private:
  bool refuse(std::string why) {
    status_ = Error{ErrorCode::BadData, std::move(why)};
    return false;
  }

  bool start(Value::Type type) {
    if (!in_document_) {
      if (type != Value::Type::Object) return refuse("JSON: not an object");
      in_document_ = true;
      return true;
    }
    if (open_.empty() && !in_list_ && !in_graph_ && type == Value::Type::Object && member_ == "graph") {
      in_graph_ = true;
      return true;
    }
    if (open_.empty() && !in_list_ && type == Value::Type::Array) {
      in_list_ = true;
      return true;
    }
    if (open_.size() == kMaxDepth) return refuse("JSON: nested too deeply");
    open_.push_back({type, names_.size(), values_.size()});
    return true;
  }

  bool end() {
    if (open_.empty()) {  // of a list, of the graph, or of the document
      if (!in_list_) in_graph_ = false;
      in_list_ = false;
      return true;
    }
    const Open closed = open_.back();
    open_.pop_back();
    const auto names = memory_.keep(std::span<const std::string_view>(names_).subspan(closed.first_name));
    const auto items = memory_.keep(std::span<const Value>(values_).subspan(closed.first_value));
    names_.resize(closed.first_name);
    values_.resize(closed.first_value);
    return finish(
        {.type = closed.type, .names = names, .first_item = items.data(), .item_count = items.size()});
  }

  bool scalar(const Value& value) {
    if (!in_document_) return refuse("JSON: not an object");
    return finish(value);
  }

  bool finish(const Value& value) {
    if (!open_.empty()) {
      values_.push_back(value);
      return true;
    }
    status_ = in_list_ ? consumer_.element(member_, value) : consumer_.member(member_, value);
    memory_.clear();
    return status_.ok();
  }

  /// An array or object that has begun.
  struct Open {
    Value::Type type;
    std::size_t first_name;   ///< of its own in `names_`
    std::size_t first_value;  ///< and in `values_`
  };

  const Consumer& consumer_;
  bool in_document_ = false;
  bool in_graph_ = false;
  bool in_list_ = false;
  std::string member_;      ///< of the document
  Arena memory_;            ///< of the value that is put together
  std::vector<Open> open_;  ///< from the outside inwards
  std::vector<std::string_view> names_;
  std::vector<Value> values_;
  Status status_;
};

}  // namespace

const Value* Value::find(std::string_view name) const {
  if (type != Type::Object) return nullptr;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return first_item[i].type == Type::Null ? nullptr : &first_item[i];
  }
  return nullptr;
}

std::string_view Value::text_of(std::string_view name) const {
  const Value* const value = find(name);
  return value == nullptr ? std::string_view() : value->text;
}

std::span<const Value> Value::items_of(std::string_view name) const {
  const Value* const value = find(name);
  return value == nullptr || value->type != Type::Array ? std::span<const Value>() : value->items();
}

Status read(Source& source, const Consumer& consumer) {
  Stream stream(source);
  if (stream.ahead().starts_with("\xFF\xFE") || stream.ahead().starts_with("\xFE\xFF")) {
    return Error{ErrorCode::BadData, "JSON: UTF-16, where only UTF-8 can be read", {}, 0};
  }
  if (stream.ahead().starts_with(kUtf8Mark)) stream.skip(kUtf8Mark.size());
  Handler handler(consumer);
  rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, CheckedHeap> reader;
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag |
                              rapidjson::kParseValidateEncodingFlag;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, handler);
  if (!stream.status()) return stream.status();
  if (!handler.status()) {
    Error error = std::move(handler.status()).error();
    if (!error.offset) error.offset = stream.Tell();
    return error;
  }
  if (result.IsError()) {
    const std::string why = stream.at_end() ? "it is cut off" : rapidjson::GetParseError_En(result.Code());
    return Error{ErrorCode::BadData, "JSON: " + why, {}, result.Offset()};
  }
  return {};
}

}  // namespace tierline::collectors::json
