#include "core/directory/resource_attribute.h"

#include <algorithm>
#include <vector>

#include "core/base/text.h"
#include "core/directory/sddl_literals.h"

namespace tierline::directory {
namespace {

// CLAIM_SECURITY_ATTRIBUTE_TYPE_*, [MS-DTYP] 2.4.10.1, by the letters of 2.5.1.1.
enum class ValueType : std::uint16_t { Int64 = 1, Uint64 = 2, String = 3, Sid = 5, Boolean = 6, Octets = 16 };

struct TypeName {
  ValueType type;
  std::string_view name;
};

constexpr TypeName kTypes[] = {{ValueType::Int64, "TI"},   {ValueType::Uint64, "TU"},
                               {ValueType::String, "TS"},  {ValueType::Sid, "TD"},
                               {ValueType::Boolean, "TB"}, {ValueType::Octets, "TX"}};

constexpr std::size_t kFixedSize = 16;  // before the offsets of the values

/// A text that ends with a zero unit, without that; `reader` moves past it.
std::optional<ByteSpan> terminated(ByteReader& reader, ByteSpan all) {
  const std::size_t start = reader.offset();
  while (reader.remaining() > 0) {
    const std::size_t end = reader.offset();
    if (reader.u16() == 0 && !reader.failed()) return all.subspan(start, end - start);
  }
  return std::nullopt;
}

std::optional<std::string> sid_to_text(ByteSpan raw, const SddlContext& context) {
  const std::optional<Sid> sid = Sid::from_bytes(raw);
  if (!sid || sid->size() != raw.size()) return std::nullopt;
  std::string text;
  append_sid(text, *sid, context);
  return text;
}

std::optional<std::string> value_to_text(ValueType type, ByteReader& reader, ByteSpan all,
                                         const SddlContext& context) {
  switch (type) {
    case ValueType::Int64:
      return std::to_string(static_cast<std::int64_t>(reader.u64()));
    case ValueType::Uint64:
      return std::to_string(reader.u64());
    case ValueType::Boolean: {
      const std::uint64_t value = reader.u64();
      return value <= 1 ? std::optional(std::to_string(value)) : std::nullopt;
    }
    case ValueType::String: {
      const std::optional<ByteSpan> units = terminated(reader, all);
      return units ? string_to_text(*units) : std::nullopt;
    }
    case ValueType::Sid:
      return sid_to_text(reader.take(reader.u32()), context);
    case ValueType::Octets:
      return octets_to_text(reader.take(reader.u32()));
  }
  return std::nullopt;
}

void append_counted(std::string& out, std::string_view bytes) {
  append(out, static_cast<std::uint32_t>(bytes.size()));
  out += bytes;
}

std::string terminated_units(SddlReader& reader, std::string units, std::size_t start) {
  for (std::size_t i = 0; i + 1 < units.size(); i += 2) {
    if (units[i] == 0 && units[i + 1] == 0) reader.fail("a text that ends before its end", start);
  }
  return std::move(units) + std::string(2, '\0');
}

std::uint64_t read_integer(SddlReader& reader, ValueType type) {
  const std::size_t start = reader.offset();
  const std::uint64_t value =
      read_number(reader, type == ValueType::Uint64 ? Range::Unsigned : Range::Any).value;
  if (type == ValueType::Boolean && value > 1) reader.fail("expected 0 or 1", start);
  return value;
}

std::string read_value(SddlReader& reader, ValueType type) {
  const std::size_t start = reader.offset();
  std::string value;
  switch (type) {
    case ValueType::Int64:
    case ValueType::Uint64:
    case ValueType::Boolean:
      append(value, read_integer(reader, type));
      break;
    case ValueType::String:
      value = terminated_units(reader, read_string(reader), start);
      break;
    case ValueType::Sid:
      append_counted(value, reader.sid().to_bytes());
      break;
    case ValueType::Octets:
      append_counted(value, read_octets(reader));
      break;
  }
  return value;
}

std::optional<ValueType> read_type(SddlReader& reader) {
  for (const TypeName& row : kTypes) {
    if (reader.skip(row.name)) return row.type;
  }
  reader.fail("expected TI, TU, TS, TD, TX or TB");
  return std::nullopt;
}

}  // namespace

std::optional<std::string> resource_attribute_to_text(ByteSpan application_data, const SddlContext& context) {
  ByteReader reader(application_data);
  const std::size_t name_offset = reader.u32();
  const auto type = ValueType{reader.u16()};
  const std::uint16_t reserved = reader.u16();
  const std::uint32_t flags = reader.u32();
  const std::size_t count = reader.u32();
  const auto row =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeName& t) { return t.type == type; });
  if (reader.failed() || reserved != 0 || row == std::end(kTypes)) return std::nullopt;
  ByteReader name_reader(application_data, name_offset);
  const std::optional<ByteSpan> name_units = terminated(name_reader, application_data);
  const std::optional<std::string> name = name_units ? name_to_text(*name_units) : std::nullopt;
  if (!name) return std::nullopt;
  std::string text = "(\"" + *name + "\"," + std::string(row->name) + ',';
  append_hexadecimal(text, flags);
  // Values may lie anywhere, even in the same place; altogether they must not be larger than where they lie, or a
  // small entry could have an enormous text.
  std::size_t left = application_data.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t offset = reader.u32();
    if (reader.failed()) return std::nullopt;
    ByteReader value_reader(application_data, offset);
    const std::optional<std::string> value = value_to_text(type, value_reader, application_data, context);
    if (!value || value_reader.failed() || value_reader.offset() - offset > left) return std::nullopt;
    left -= value_reader.offset() - offset;
    text += ',' + *value;
  }
  return text + ')';
}

std::string read_resource_attribute(SddlReader& reader) {
  reader.expect('(');
  reader.skip_spaces();
  reader.expect('"');
  const std::size_t start = reader.offset();
  const std::string name = terminated_units(reader, read_name(reader), start);
  reader.expect('"');
  reader.skip_spaces();
  reader.expect(',');
  reader.skip_spaces();
  const std::optional<ValueType> type = read_type(reader);
  reader.skip_spaces();
  reader.expect(',');
  reader.skip_spaces();
  const std::size_t flags_start = reader.offset();
  const std::uint64_t flags = read_number(reader, Range::Unsigned).value;
  if (flags > 0xFFFFFFFF) reader.fail("expected 32 bits of flags", flags_start);
  reader.skip_spaces();
  std::vector<std::string> values;
  std::size_t size = 0;
  while (!reader.failed() && !reader.skip(")")) {
    reader.expect(',');
    reader.skip_spaces();
    values.push_back(read_value(reader, *type));
    size += values.back().size();
    if (size > 0xFFFF) reader.fail("a resource attribute of more than 64 KiB");
    reader.skip_spaces();
  }
  if (reader.failed()) return {};
  const std::size_t name_offset = kFixedSize + 4 * values.size();
  std::string bytes;
  append(bytes, static_cast<std::uint32_t>(name_offset));
  append(bytes, static_cast<std::uint16_t>(*type));
  append(bytes, std::uint16_t{0});
  append(bytes, static_cast<std::uint32_t>(flags));
  append(bytes, static_cast<std::uint32_t>(values.size()));
  std::size_t offset = name_offset + name.size();
  for (const std::string& value : values) {
    append(bytes, static_cast<std::uint32_t>(offset));
    offset += value.size();
  }
  bytes += name;
  for (const std::string& value : values) bytes += value;
  return bytes;
}

}  // namespace tierline::directory
