#include "queries/tier_rules.h"

#include <toml++/toml.h>
#include <algorithm>
#include <filesystem>

#include "core/base/file.h"
#include "core/base/text.h"

namespace tierline::queries {
namespace {

constexpr std::size_t kLargest = 4u << 20;

// The line on which keys or values nest deeper than any rule does; 0 when none do. What the parser makes of a key with a
// million parts takes as many calls to give up again, more than any stack holds.
std::size_t line_of_depth(std::string_view text) {
  constexpr unsigned kDeepest = 16;
  std::size_t line = 1;
  unsigned open = 0;
  unsigned parts = 0;  // of one key
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size()) - 1;
    } else if (c == '"' || c == '\'') {
      const bool is_long = text.substr(at, 3) == std::string(3, c);
      const std::string end(is_long ? 3 : 1, c);
      for (at += end.size(); at < text.size() && text.substr(at, end.size()) != end; ++at) {
        if (text[at] == '\n' && !is_long) break;
        if (text[at] == '\\' && c == '"' && at + 1 < text.size()) ++at;
        if (text[at] == '\n') ++line;
      }
      if (at < text.size() && text[at] == c) at += end.size() - 1;
      // Up to two quotes before the three that end a long text belong to it.
      for (int more = is_long ? 2 : 0; more > 0 && at + 1 < text.size() && text[at + 1] == c; --more) ++at;
    }
    if (at >= text.size()) break;
    if (text[at] == '\n') ++line;
    if (text[at] == '\n' || c == '=' || c == ',') parts = 0;
    if (c == '.') ++parts;
    if (c == '[' || c == '{') ++open;
    if ((c == ']' || c == '}') && open > 0) --open;
    if (open > kDeepest || parts > kDeepest) return line;
  }
  return 0;
}

/// Reads one file; the first thing that is wrong ends it.
class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  Result<TierRules> read() {
    Result<MappedFile> file = MappedFile::open(path_);
    if (!file) return std::move(file).error();
    if (file->bytes().size() > kLargest) return Error{ErrorCode::Config, "is larger than 4 MiB", path_};
    if (const std::size_t line = line_of_depth(as_text(file->bytes())))
      return Error{ErrorCode::Config, "line " + std::to_string(line) + ": nests too deep", path_};
    toml::table table;
    try {
      table = toml::parse(as_text(file->bytes()), std::string_view(path_));
    } catch (const toml::parse_error& wrong) {
      return Error{
          ErrorCode::Config,
          "line " + std::to_string(wrong.source().begin.line) + ": " + std::string(wrong.description()),
          path_};
    }
    take(table);
    if (error_) return *std::move(error_);
    return std::move(rules_);
  }

 private:
  void take(const toml::table& table) {
    const auto version = table["version"].value_exact<std::int64_t>();
    if (version != 1)
      return fail(table["version"].node() == nullptr ? 1 : line_of(*table["version"].node()),
                  "expected version = 1");
    for (const auto& [key, value] : table) {
      if (key == "version") continue;
      if (key == "default") {
        rules_.otherwise = tier(value);
      } else if (key == "rule" && value.is_array_of_tables()) {
        for (const toml::node& rule : *value.as_array()) take_rule(*rule.as_table());
      } else if (key == "audit" && value.is_table()) {
        take_audit(*value.as_table());
      } else {
        fail(line_of(value),
             "there is no '" + visible(key.str()) + "'; known are version, default, [[rule]] and [audit]");
      }
    }
  }

  void take_rule(const toml::table& table) {
    TierRule rule;
    rule.line = line_of(table);
    bool has_condition = false;
    for (const auto& [key, value] : table) {
      const std::string_view name = key.str();
      if (name == "tier") {
        rule.tier = tier(value);
      } else if (name == "application") {
        rule.application = text(value);
      } else if (name == "reason") {
        rule.reason = text(value);
      } else {
        has_condition = has_condition || name != "value";
        take_condition(rule, name, value);
      }
    }
    if (rule.tier == kNoTier) fail(rule.line, "the rule has no tier");
    if (rule.reason.empty()) fail(rule.line, "the rule has no reason");
    if (!has_condition) fail(rule.line, "the rule has no condition, so everything would fit it");
    if (!rule.value.empty() && rule.attribute.empty()) fail(rule.line, "a value needs an attribute");
    rules_.rules.push_back(std::move(rule));
  }

  void take_condition(TierRule& rule, std::string_view name, const toml::node& value) {
    if (name == "rid") {
      const auto number = value.value_exact<std::int64_t>();
      if (!number || *number < 1 || *number > 0xFFFFFFFF)
        return fail(line_of(value), "expected a relative identifier");
      rule.rid = static_cast<std::uint32_t>(*number);
      return;
    }
    const std::string given = text(value);
    if (name == "sid") {
      rule.sid = directory::Sid::parse(given);
      if (!rule.sid) fail(line_of(value), "expected a SID");
    } else if (name == "member_of") {
      rule.member_of = given;
    } else if (name == "ou") {
      rule.ou = given;
    } else if (name == "gpo") {
      rule.gpo = given;
    } else if (name == "name") {
      rule.name = given;
    } else if (name == "attribute") {
      rule.attribute = given;
    } else if (name == "value") {
      rule.value = given;
    } else if (name == "host_role") {
      rule.host_role = given;
      const auto& roles = host_roles();
      if (std::find(roles.begin(), roles.end(), given) == roles.end()) {
        fail(line_of(value), "no such role of a host: '" + visible(given) + "'");
      }
    } else {
      fail(line_of(value), "a rule has no '" + visible(name) + "'");
    }
  }

  void take_audit(const toml::table& table) {
    AuditSettings& audit = rules_.audit;
    for (const auto& [key, value] : table) {
      const std::string_view name = key.str();
      if (name == "enabled") {
        audit.enabled = texts(value);
      } else if (name == "disabled") {
        audit.disabled = texts(value);
      } else {
        take_threshold(name, value);
      }
    }
  }

  void take_threshold(std::string_view name, const toml::node& value) {
    struct Threshold {
      std::string_view name;
      std::uint32_t AuditSettings::*member;
      std::string_view unit;
    };
    constexpr Threshold kThresholds[] = {
        {"stale_days", &AuditSettings::stale_days, "days"},
        {"krbtgt_days", &AuditSettings::krbtgt_days, "days"},
        {"recent_days", &AuditSettings::recent_days, "days"},
        {"session_days", &AuditSettings::session_days, "days"},
        {"session_hosts", &AuditSettings::session_hosts, "hosts"},
        {"standing_days", &AuditSettings::standing_days, "days"},
        {"control_crowd", &AuditSettings::control_crowd, "objects"},
        {"shadow_crowd", &AuditSettings::shadow_crowd, "accounts"},
    };
    const auto known = std::find_if(std::begin(kThresholds), std::end(kThresholds),
                                    [&](const Threshold& one) { return one.name == name; });
    if (known == std::end(kThresholds)) return fail(line_of(value), "[audit] has no '" + visible(name) + "'");
    const auto number = value.value_exact<std::int64_t>();
    if (!number || *number < 1 || *number > 36500)
      return fail(line_of(value), "expected a number of " + std::string(known->unit));
    rules_.audit.*known->member = static_cast<std::uint32_t>(*number);
  }

  Tier tier(const toml::node& value) {
    const auto number = value.value_exact<std::int64_t>();
    if (number && *number >= 0 && *number <= kLowestTier) return static_cast<Tier>(*number);
    fail(line_of(value), "expected a tier from 0 to 9");
    return kNoTier;
  }

  std::string text(const toml::node& value) {
    auto found = value.value_exact<std::string>();
    if (found && !found->empty()) return *std::move(found);
    fail(line_of(value), "expected a text that is not empty");
    return {};
  }

  std::set<std::string> texts(const toml::node& value) {
    std::set<std::string> found;
    if (!value.is_array()) fail(line_of(value), "expected a list of texts");
    if (value.is_array()) {
      for (const toml::node& one : *value.as_array()) found.insert(text(one));
    }
    return found;
  }

  static std::size_t line_of(const toml::node& node) { return node.source().begin.line; }

  void fail(std::size_t line, std::string message) {
    if (!error_)
      error_ = Error{ErrorCode::Config, "line " + std::to_string(line) + ": " + std::move(message), path_};
  }

  std::string path_;
  TierRules rules_;
  std::optional<Error> error_;
};

}  // namespace

Result<TierRules> TierRules::read(const std::string& path) { return Reader(path).read(); }

const std::vector<std::string>& host_roles() {
  static const std::vector<std::string> kRoles = {"domain-controller", "certification-authority", "database",
                                                  "mail", "web"};
  return kRoles;
}

bool fits(std::string_view pattern, std::string_view text) {
  return fits_folded(fold_case(pattern), fold_case(text));
}

bool fits_folded(std::string_view wanted, std::string_view given) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string::npos;
  std::size_t resume = 0;
  while (t < given.size()) {
    if (p < wanted.size() && (wanted[p] == '?' || wanted[p] == given[t]) && wanted[p] != '*') {
      ++p;
      ++t;
    } else if (p < wanted.size() && wanted[p] == '*') {
      star = p++;
      resume = t;
    } else if (star != std::string::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < wanted.size() && wanted[p] == '*') ++p;
  return p == wanted.size();
}

}  // namespace tierline::queries
