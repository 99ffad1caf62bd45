#include "collectors/ldif/ldif.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <map>
#include <set>
#include <unordered_map>

#include "collectors/ldif/records.h"
#include "collectors/naming_context.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/directory/utf16.h"
#include "core/knowledge/collected_attributes.h"
#include "core/knowledge/time_to_live.h"

namespace tierline::collectors {
namespace {

using ldif::Line;
using ldif::Record;
using snapshot::AttributeId;

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::string_view kUtf16Mark = "\xFF\xFE";

// What ldapsearch says besides entries: "ref: ldap://...", "search: 2", "result: 0 Success".
constexpr std::string_view kAnnotations[] = {"ref",       "search", "result",      "control",
                                             "matchedDN", "text",   "pagedresults"};

bool is_named(const Line& line, std::string_view name) { return equal_ascii_nocase(line.name, name); }

const Line* find(const Record& record, std::string_view name) {
  const auto found =
      std::find_if(record.begin(), record.end(), [&](const Line& line) { return is_named(line, name); });
  return found == record.end() ? nullptr : &*found;
}

// "20261123083000.0Z", [MS-ADTS] 3.1.1.2.2.2.6, as seconds since 1970; 0 for anything else.
std::int64_t seconds_of(std::string_view generalized) {
  std::tm time = {};
  const auto digits = [&](std::size_t at, std::size_t count) {
    int value = 0;
    if (generalized.size() < at + count) return -1;
    const auto parsed = std::from_chars(generalized.data() + at, generalized.data() + at + count, value);
    return parsed.ptr == generalized.data() + at + count ? value : -1;
  };
  time.tm_year = digits(0, 4) - 1900;
  time.tm_mon = digits(4, 2) - 1;
  time.tm_mday = digits(6, 2);
  time.tm_hour = digits(8, 2);
  time.tm_min = digits(10, 2);
  time.tm_sec = digits(12, 2);
  const bool is_time = time.tm_year >= 70 && time.tm_mon >= 0 && time.tm_mon < 12 && time.tm_mday > 0 &&
                       time.tm_hour >= 0 && time.tm_min >= 0 && time.tm_sec >= 0;
  return is_time ? ::timegm(&time) : 0;
}

class Import {
 public:
  Import(std::string_view text, snapshot::Builder& builder)
      : reader_(text),
        builder_(builder),
        dn_(builder.attribute("distinguishedName", directory::AttributeSyntax::DistinguishedName)),
        member_ttl_(builder.attribute(knowledge::kMemberTtl, directory::AttributeSyntax::Text)) {
    for (const knowledge::CollectedAttribute& row : knowledge::collected_attributes()) {
      ids_.emplace(fold_case(row.name), builder.attribute(row.name, row.syntax));
      if (row.syntax == directory::AttributeSyntax::DistinguishedName) links_.insert(fold_case(row.name));
    }
  }

  Status run(snapshot::Provenance& provenance) {
    while (true) {
      Result<std::optional<Record>> record = reader_.next();
      if (!record) return std::move(record).error();
      if (!*record) break;
      if (Status status = take(**record); !status) return status;
    }
    provenance.source = "ldif";
    if (!server_.empty() || provenance.server.empty()) provenance.server = server_;
    // Several files of one directory are one collection.
    provenance.started = provenance.finished = std::max(provenance.started, latest_change_);
    provenance.highest_usn = std::max(provenance.highest_usn, highest_usn_);
    report_coverage();
    return {};
  }

 private:
  static Error malformed(std::string message, const Line& line) {
    return {ErrorCode::BadData, "LDIF: " + std::move(message), {}, line.offset};
  }

  Status take(const Record& record) {
    const Line& first = record.front();
    if (!is_named(first, "dn")) {
      const bool is_annotation = std::any_of(std::begin(kAnnotations), std::end(kAnnotations),
                                             [&](std::string_view name) { return is_named(first, name); });
      if (!is_annotation) return malformed("a record that does not begin with dn:", first);
      note_result(record);
      return {};
    }
    const Line* const change = find(record, "changetype");
    if (change != nullptr && !equal_ascii_nocase(change->value, "add")) {
      return malformed("a record that changes an entry instead of showing it", *change);
    }
    if (first.value.empty()) {  // the root DSE
      if (const Line* const host = find(record, "dnsHostName")) server_ = host->value;
      return {};
    }
    return take_entry(record);
  }

  // A search that ended with anything but success did not give everything.
  void note_result(const Record& record) {
    const Line* const result = find(record, "result");
    if (result != nullptr && !result->value.starts_with("0 ") && result->value != "0") {
      broken_off_ = result->value;
    }
  }

  Status take_entry(const Record& record) {
    const Line& dn = record.front();
    bool has_descriptor = false;
    builder_.begin_object();
    builder_.value(dn_, dn.value);
    for (const Line& line : record) {
      const std::size_t options = line.name.find(';');
      const std::string name = fold_case(line.name.substr(0, options));
      if (name == "ntsecuritydescriptor") {
        builder_.descriptor(as_bytes(line.value));
        has_descriptor = true;
        continue;
      }
      const auto id = ids_.find(name);
      if (id == ids_.end() || line.value.empty()) continue;
      if (options != std::string::npos) note_range(line.name.substr(options), name, dn.value);
      const auto timed = knowledge::parse_timed_link(line.value);
      builder_.value(id->second, timed && links_.contains(name) ? timed->dn : std::string_view(line.value));
      if (timed && name == "member") {
        builder_.value(member_ttl_, line.value);
        ++timed_;
      }
      if (name == "whenchanged") latest_change_ = std::max(latest_change_, seconds_of(line.value));
      if (name == "usnchanged") note_usn(line.value);
    }
    builder_.end_object();
    ++objects_in_[naming_context_of(dn.value)];
    ++(has_descriptor ? with_descriptor_ : without_descriptor_);
    return {};
  }

  // "member;range=0-1499" is the first part of more ([MS-ADTS] 3.1.1.3.1.3.3), unless the rest is in the file too.
  void note_range(std::string_view options, const std::string& name, const std::string& dn) {
    const std::size_t dash = options.find('-');
    if (fold_case(options).find(";range=") == std::string::npos || dash == std::string_view::npos) return;
    const std::string key = fold_case(dn) + "\n" + name;
    if (options.substr(dash + 1) == "*") {
      cut_off_[key] = false;
    } else {
      cut_off_.try_emplace(key, true);
    }
  }

  void note_usn(std::string_view text) {
    std::uint64_t usn = 0;
    std::from_chars(text.data(), text.data() + text.size(), usn);
    highest_usn_ = std::max(highest_usn_, usn);
  }

  void report_coverage() {
    for (const auto& [context, count] : objects_in_) {
      builder_.cover({.area = context.area, .domain = context.domain, .read = count});
    }
    builder_.cover({.area = "security descriptors",
                    .read = with_descriptor_,
                    .missing = without_descriptor_,
                    .reason = without_descriptor_ == 0 ? "" : "not in the file"});
    const auto cut = static_cast<std::uint64_t>(
        std::count_if(cut_off_.begin(), cut_off_.end(), [](const auto& group) { return group.second; }));
    if (cut != 0) {
      builder_.cover({.area = "attributes with many values",
                      .missing = cut,
                      .reason = "only a first range of the values is in the file"});
    }
    // Without any, nobody can tell whether the search asked for them.
    if (timed_ != 0) builder_.cover({.area = std::string(knowledge::kTtlArea), .read = timed_});
    if (!broken_off_.empty()) {
      builder_.cover({.area = "search", .missing = 1, .reason = "it ended with: " + broken_off_});
    }
    for (const char* const area : {"sysvol", "local groups", "sessions"}) {
      builder_.cover({.area = area, .asked = false, .reason = "not in LDIF"});
    }
  }

  ldif::Reader reader_;
  snapshot::Builder& builder_;
  AttributeId dn_;
  AttributeId member_ttl_;
  std::unordered_map<std::string, AttributeId> ids_;  ///< by folded name
  std::set<std::string> links_;                       ///< folded names of those whose values are DNs
  std::map<NamingContext, std::uint64_t> objects_in_;
  std::unordered_map<std::string, bool>
      cut_off_;  ///< by folded DN and attribute: whether the rest is missing
  std::uint64_t with_descriptor_ = 0;
  std::uint64_t timed_ = 0;  ///< members for a time
  std::uint64_t without_descriptor_ = 0;
  std::int64_t latest_change_ = 0;
  std::uint64_t highest_usn_ = 0;
  std::string server_;
  std::string broken_off_;
};

}  // namespace

bool is_ldif(ByteSpan start) {
  constexpr std::size_t kLooksAt = 0x10000;  // comments that come first can be long
  std::string_view text = as_text(start.first(std::min<std::size_t>(start.size(), kLooksAt)));
  std::string narrow;
  if (text.starts_with(kUtf16Mark)) {
    for (std::size_t i = kUtf16Mark.size(); i < text.size(); i += 2) narrow += text[i];
    text = narrow;
  }
  if (text.starts_with(kUtf8Mark)) text.remove_prefix(kUtf8Mark.size());
  while (!text.empty() && std::string_view("# \r\n").find(text[0]) != std::string_view::npos) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  return equal_ascii_nocase(text.substr(0, 3), "dn:") || equal_ascii_nocase(text.substr(0, 8), "version:");
}

Status read_ldif(const std::string& path, snapshot::Builder& builder, snapshot::Provenance& provenance) {
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return file.error();
  std::string_view text = as_text(file->bytes());
  std::string converted;  // ldifde -u writes UTF-16; offsets then count the bytes of its UTF-8
  if (text.starts_with(kUtf16Mark)) {
    std::optional<std::string> utf8 = directory::utf16_to_utf8(file->bytes().subspan(kUtf16Mark.size()));
    if (!utf8) return Error{ErrorCode::BadData, "LDIF: not UTF-16, though it begins so", path, 0};
    converted = *std::move(utf8);
    text = converted;
  }
  Status status = Import(text, builder).run(provenance);
  if (status) return status;
  return std::move(status).error().in(path);
}

}  // namespace tierline::collectors
