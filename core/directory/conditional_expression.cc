#include "core/directory/conditional_expression.h"

#include <array>
#include <variant>
#include <vector>

#include "core/base/text.h"
#include "core/directory/sddl_literals.h"

namespace tierline::directory {
namespace {

constexpr std::string_view kSignature = "artx";

// [MS-DTYP] 2.4.4.17.5 and 2.4.4.17.8.
enum Operand : std::uint8_t {
  kInt8 = 0x01,
  kInt64 = 0x04,
  kString = 0x10,
  kOctets = 0x18,
  kComposite = 0x50,
  kSid = 0x51,
  kLocalAttribute = 0xF8,
};

struct Operator {
  std::uint8_t code;
  std::uint8_t operands;
  std::uint8_t precedence;  ///< the higher binds tighter
  std::string_view name;    ///< read in any case
};

constexpr std::uint8_t kLogicalPrecedence = 3;  // this and lower: "!", "&&", "||"
constexpr char kNot[] = "!";

// clang-format off
// [MS-DTYP] 2.4.4.17.6 and 2.4.4.17.7, spelt as Windows does.
constexpr Operator kOperators[] = {
    {0x87, 1, 5, "Exists"},        {0x8D, 1, 5, "Not_Exists"},
    {0x89, 1, 4, "Member_of"},     {0x90, 1, 4, "Not_Member_of"},
    {0x8A, 1, 4, "Device_Member_of"}, {0x91, 1, 4, "Not_Device_Member_of"},
    {0x8B, 1, 4, "Member_of_any"}, {0x92, 1, 4, "Not_Member_of_Any"},
    {0x8C, 1, 4, "Device_Member_of_Any"}, {0x93, 1, 4, "Not_Device_Member_of_Any"},
    {0x80, 2, 4, "=="},            {0x81, 2, 4, "!="},
    {0x83, 2, 4, "<="},            {0x82, 2, 4, "<"},
    {0x85, 2, 4, ">="},            {0x84, 2, 4, ">"},
    {0x86, 2, 4, "Contains"},      {0x8E, 2, 4, "Not_Contains"},
    {0x88, 2, 4, "Any_of"},        {0x8F, 2, 4, "Not_Any_of"},
    {0xA2, 1, 3, kNot},
    {0xA0, 2, 2, "&&"},
    {0xA1, 2, 1, "||"}};

struct AttributeKind {
  std::uint8_t code;
  std::string_view prefix;  ///< read in any case
};

constexpr AttributeKind kAttributes[] = {{0xF9, "@USER."}, {0xFA, "@RESOURCE."}, {0xFB, "@DEVICE."}};
constexpr std::string_view kSidWord = "SID";
// clang-format on

const Operator* operator_of(std::uint8_t code) noexcept {
  for (const Operator& row : kOperators) {
    if (row.code == code) return &row;
  }
  return nullptr;
}

const Operator* operator_named(std::string_view word) noexcept {
  for (const Operator& row : kOperators) {
    if (equal_ascii_nocase(row.name, word)) return &row;
  }
  return nullptr;
}

// ---- from bytes to text

/// What stands between operators, or an operator with what it joins.
struct Node {
  const Operator* joins = nullptr;
  std::array<std::size_t, 2> operands = {};
  std::string text;  ///< without an operator
};

// A word that means something else than an attribute of its name.
bool is_reserved(std::string_view word) noexcept {
  return operator_named(word) != nullptr || equal_ascii_nocase(word, kSidWord) || is_number(word);
}

std::optional<std::string> local_name_to_text(ByteSpan units) {
  if (units.empty() || units.size() % 2 != 0) return std::nullopt;
  std::string text;
  for (ByteReader reader(units); reader.remaining() > 0;) {
    const std::uint16_t unit = reader.u16();
    const bool is_plain =
        unit < 0x7F && (is_plain_in_name(static_cast<char>(unit)) || (unit == '@' && !text.empty()));
    if (is_plain) {
      text += static_cast<char>(unit);
    } else {
      append_escaped(text, unit);
    }
  }
  if (!is_reserved(text)) return text;
  std::string escaped;
  append_escaped(escaped, static_cast<unsigned char>(text[0]));
  return escaped + text.substr(1);
}

ByteSpan counted(ByteReader& reader) { return reader.take(reader.u32()); }

// A value that may also stand in a composite one; absent for anything else.
std::optional<std::string> literal_to_text(std::uint8_t code, ByteReader& reader,
                                           const SddlContext& context) {
  if (code >= kInt8 && code <= kInt64) {
    ClaimNumber number;
    number.value = reader.u64();
    number.sign = reader.u8();
    number.base = reader.u8();
    return number_to_text(number);
  }
  if (code == kString) return string_to_text(counted(reader));
  if (code == kOctets) return octets_to_text(counted(reader));
  if (code != kSid) return std::nullopt;
  const ByteSpan raw = counted(reader);
  const std::optional<Sid> sid = Sid::from_bytes(raw);
  if (!sid || sid->size() != raw.size()) return std::nullopt;
  std::string text = "SID(";
  append_sid(text, *sid, context);
  return text + ')';
}

std::optional<std::string> composite_to_text(ByteSpan members, const SddlContext& context) {
  std::string text = "{";
  for (ByteReader reader(members); reader.remaining() > 0;) {
    const std::optional<std::string> member = literal_to_text(reader.u8(), reader, context);
    if (!member || reader.failed()) return std::nullopt;
    if (text.size() > 1) text += ", ";
    text += *member;
  }
  return text + '}';
}

std::optional<std::string> operand_to_text(std::uint8_t code, ByteReader& reader,
                                           const SddlContext& context) {
  if (code == kComposite) return composite_to_text(counted(reader), context);
  if (code == kLocalAttribute) return local_name_to_text(counted(reader));
  for (const AttributeKind& kind : kAttributes) {
    if (kind.code != code) continue;
    const std::optional<std::string> name = name_to_text(counted(reader));
    return name ? std::optional(std::string(kind.prefix) + *name) : std::nullopt;
  }
  return literal_to_text(code, reader, context);
}

bool is_padding(ByteSpan bytes) noexcept {
  for (const std::uint8_t byte : bytes) {
    if (byte != 0) return false;
  }
  return true;
}

// All nodes, the root last; nothing when the bytes are no well-formed expression.
std::vector<Node> nodes_of(ByteSpan expression, const SddlContext& context) {
  std::vector<Node> nodes;
  std::vector<std::size_t> waiting;
  for (ByteReader reader(expression); !is_padding(expression.subspan(reader.offset()));) {
    const std::uint8_t code = reader.u8();
    Node node;
    node.joins = operator_of(code);
    if (node.joins != nullptr) {
      if (waiting.size() < node.joins->operands) return {};
      for (std::size_t i = node.joins->operands; i-- > 0;) {
        node.operands[i] = waiting.back();
        waiting.pop_back();
      }
    } else {
      std::optional<std::string> text = operand_to_text(code, reader, context);
      if (!text || reader.failed()) return {};
      node.text = *std::move(text);
    }
    waiting.push_back(nodes.size());
    nodes.push_back(std::move(node));
  }
  if (waiting.size() != 1) return {};
  return nodes;
}

// Windows puts parentheses around every operation, and around what "!", "&&" and "||" join.
std::string infix(const std::vector<Node>& nodes) {
  struct Part {
    std::size_t node;
    bool in_parentheses;
  };
  std::vector<std::variant<std::string_view, Part>> ahead = {Part{nodes.size() - 1, true}};
  std::string text;
  while (!ahead.empty()) {
    const auto next = ahead.back();
    ahead.pop_back();
    if (const auto* const literal = std::get_if<std::string_view>(&next)) {
      text += *literal;
      continue;
    }
    const auto [place, in_parentheses] = std::get<Part>(next);
    const Node& node = nodes[place];
    if (node.joins == nullptr) {
      text += in_parentheses ? '(' + node.text + ')' : node.text;
      continue;
    }
    const bool is_logical = node.joins->precedence <= kLogicalPrecedence;
    text += '(';
    ahead.emplace_back(")");
    ahead.emplace_back(Part{node.operands[node.joins->operands - 1u], is_logical});
    if (node.joins->name != kNot) ahead.emplace_back(" ");
    ahead.emplace_back(node.joins->name);
    if (node.joins->operands == 2) {
      ahead.emplace_back(" ");
      ahead.emplace_back(Part{node.operands[0], is_logical});
    }
  }
  return text;
}

// ---- from text to bytes

void append_counted(std::string& out, std::string_view bytes) {
  for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>((bytes.size() >> shift) & 0xFF);
  out += bytes;
}

void append_token(std::string& out, std::uint8_t code, std::string_view bytes) {
  out += static_cast<char>(code);
  append_counted(out, bytes);
}

std::string number_token(const ClaimNumber& number) {
  std::string token(1, static_cast<char>(kInt64));
  for (unsigned shift = 0; shift < 64; shift += 8) token += static_cast<char>((number.value >> shift) & 0xFF);
  token += static_cast<char>(number.sign);
  token += static_cast<char>(number.base);
  return token;
}

std::string read_sid_token(SddlReader& reader) {
  reader.skip_spaces();
  reader.expect('(');
  reader.skip_spaces();
  const Sid sid = reader.sid();
  reader.skip_spaces();
  reader.expect(')');
  std::string token;
  append_token(token, kSid, sid.to_bytes());
  return token;
}

std::string read_literal(SddlReader& reader) {
  std::string token;
  const char c = reader.peek();
  if (c == '"') {
    append_token(token, kString, read_string(reader));
  } else if (c == '#') {
    append_token(token, kOctets, read_octets(reader));
  } else if (reader.skip_word(kSidWord)) {
    return read_sid_token(reader);
  } else if (c == '+' || c == '-' || is_decimal(c)) {
    return number_token(read_number(reader));
  } else {
    reader.fail("expected a value");
  }
  return token;
}

std::string read_composite(SddlReader& reader) {
  std::string members;
  reader.expect('{');
  reader.skip_spaces();
  while (!reader.failed() && !reader.skip("}")) {
    if (!members.empty()) reader.expect(',');
    reader.skip_spaces();
    members += read_literal(reader);
    reader.skip_spaces();
  }
  std::string token;
  append_token(token, kComposite, members);
  return token;
}

std::string read_attribute(SddlReader& reader) {
  std::string token;
  for (const AttributeKind& kind : kAttributes) {
    if (!reader.skip_word(kind.prefix)) continue;
    append_token(token, kind.code, read_name(reader));
    return token;
  }
  reader.fail("expected @USER., @DEVICE. or @RESOURCE.");
  return token;
}

std::string read_operand(SddlReader& reader) {
  const char c = reader.peek();
  if (c == '{') return read_composite(reader);
  if (c == '@') return read_attribute(reader);
  const std::string_view word = reader.peek_while(is_of_plain_name);
  if (word.empty() || is_number(word) || equal_ascii_nocase(word, kSidWord)) return read_literal(reader);
  if (operator_named(word) != nullptr) {
    reader.fail("expected something to compare");
    return {};
  }
  std::string token;
  append_token(token, kLocalAttribute, read_plain_name(reader));
  return token;
}

// The operator that comes next, if it takes so many operands.
const Operator* take_operator(SddlReader& reader, std::uint8_t operands) {
  const std::string_view word = reader.peek_while(is_of_plain_name);
  if (!word.empty()) {
    const Operator* const named = operator_named(word);
    if (named == nullptr || named->operands != operands) return nullptr;
    reader.skip(word);
    return named;
  }
  for (const Operator& row : kOperators) {
    if (row.operands == operands && reader.skip(row.name)) return &row;
  }
  return nullptr;
}

}  // namespace

std::optional<std::string> condition_to_text(ByteSpan application_data, const SddlContext& context) {
  if (!as_text(application_data).starts_with(kSignature)) return std::nullopt;
  const std::vector<Node> nodes = nodes_of(application_data.subspan(kSignature.size()), context);
  if (nodes.empty()) return std::nullopt;
  return infix(nodes);
}

std::string read_condition(SddlReader& reader) {
  std::string bytes(kSignature);
  std::vector<const Operator*> open = {nullptr};  // what waits for its right side; null for a parenthesis
  const auto close_down_to = [&](std::uint8_t precedence) {
    while (open.back() != nullptr && open.back()->precedence >= precedence) {
      bytes += static_cast<char>(open.back()->code);
      open.pop_back();
    }
  };
  reader.expect('(');
  bool wants_operand = true;
  while (!reader.failed() && !open.empty()) {
    reader.skip_spaces();
    if (bytes.size() > 0xFFFF) reader.fail("a condition of more than 64 KiB");
    if (!wants_operand) {
      if (reader.skip(")")) {
        close_down_to(0);
        open.pop_back();
      } else if (const Operator* const joins = take_operator(reader, 2)) {
        close_down_to(joins->precedence);
        open.push_back(joins);
        wants_operand = true;
      } else {
        reader.fail("expected an operator or ')'");
      }
    } else if (reader.skip("(")) {
      open.push_back(nullptr);
    } else if (const Operator* const prefix = take_operator(reader, 1)) {
      open.push_back(prefix);
    } else {
      bytes += read_operand(reader);
      wants_operand = false;
    }
  }
  return bytes;
}

}  // namespace tierline::directory
