#pragma once

// The JSON of the contract: one writer, so that every command spells a coverage or a node alike.

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <string>
#include <string_view>

#include "core/base/checked_heap.h"
#include "core/snapshot/meta.h"

namespace tierline::viewer {

/// Writes JSON with the project's habits: text that is not valid UTF-8 becomes visible escapes instead
/// of breaking the document, keys come in the order they are written.
class JsonWriter {
 public:
  JsonWriter() : writer_(buffer_) {}

  JsonWriter& begin_object() { return writer_.StartObject(), *this; }
  JsonWriter& end_object() { return writer_.EndObject(), *this; }
  JsonWriter& begin_array() { return writer_.StartArray(), *this; }
  JsonWriter& end_array() { return writer_.EndArray(), *this; }
  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view value);
  JsonWriter& number(std::int64_t value) { return writer_.Int64(value), *this; }
  JsonWriter& number(std::uint64_t value) { return writer_.Uint64(value), *this; }
  JsonWriter& number(std::uint32_t value) { return writer_.Uint(value), *this; }
  JsonWriter& boolean(bool value) { return writer_.Bool(value), *this; }
  JsonWriter& null() { return writer_.Null(), *this; }

  /// The document so far, without a final newline.
  std::string take();

 private:
  using Utf8 = rapidjson::UTF8<>;
  using Buffer = rapidjson::GenericStringBuffer<Utf8, CheckedHeap>;
  Buffer buffer_;
  rapidjson::Writer<Buffer, Utf8, Utf8, CheckedHeap> writer_;
};

/// Opens the answer of `command`: the object with "schema" and "schema_version".
void begin_answer(JsonWriter& json, std::string_view command);

/// "coverage": {"complete", "areas"}, as every answer carries it.
void write_coverage(JsonWriter& json, const snapshot::Meta& meta);

/// "2026-01-31T12:00:00Z"; empty for a time that no calendar has.
std::string utc_time(std::int64_t seconds);

/// "provenance": who read, from which server, when; a time of 0 is one that the source does not tell, and null.
void write_provenance(JsonWriter& json, const snapshot::Provenance& provenance);

}  // namespace tierline::viewer
