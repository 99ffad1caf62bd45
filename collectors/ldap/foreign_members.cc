#include "collectors/ldap/foreign_members.h"

#include "collectors/ldap/ranges.h"
#include "core/base/text.h"
#include "core/directory/distinguished_name.h"
#include "core/directory/guid.h"
#include "core/directory/sid.h"

namespace tierline::collectors::ldap {
namespace {

using directory::AttributeSyntax;

constexpr std::string_view kGuid = "<GUID=";
constexpr std::string_view kSid = "<SID=";

// Takes "<NAME=value>;" off the front of `text` and returns the value; empty when it is not there.
std::string_view take_part(std::string_view name, std::string_view& text) {
  if (!equal_ascii_nocase(text.substr(0, name.size()), name)) return {};
  const std::size_t end = text.find('>');
  if (end == std::string_view::npos) return {};
  const std::string_view value = text.substr(name.size(), end - name.size());
  text.remove_prefix(end + 1);
  if (text.starts_with(';')) text.remove_prefix(1);
  return value;
}

}  // namespace

ExtendedDn parse_extended_dn(std::string_view text) {
  ExtendedDn parsed;
  if (const auto guid = directory::Guid::parse(take_part(kGuid, text))) parsed.guid = as_text(guid->bytes);
  if (const auto sid = directory::Sid::parse(take_part(kSid, text))) parsed.sid = sid->to_bytes();
  parsed.dn = text;
  return parsed;
}

ForeignMembers::ForeignMembers(const RootDse& root)
    : domain_suffix_("," + root.domain),
      domain_(fold_case(directory::dns_domain(root.domain))),
      configuration_("," + fold_case(root.configuration)) {}

bool ForeignMembers::is_foreign(std::string_view dn) const {
  // Nearly every member lives under the domain's own name, written as the domain writes it; unless a DC comes
  // just before, which may make it a child domain.
  if (dn.ends_with(domain_suffix_)) {
    const std::string_view above = dn.substr(0, dn.size() - domain_suffix_.size());
    if (!equal_ascii_nocase(above.substr(above.rfind(',') + 1).substr(0, 3), "DC=")) return false;
  }
  const std::string domain = fold_case(directory::dns_domain(dn));
  return domain != domain_ && !domain.empty() && !fold_case(dn).ends_with(configuration_);
}

void ForeignMembers::remember(const std::string& group) { groups_.push_back(group); }

void ForeignMembers::add(std::string_view member, snapshot::Builder& builder) {
  const ExtendedDn parsed = parse_extended_dn(member);
  if (!is_foreign(parsed.dn) || !seen_.insert(fold_case(parsed.dn)).second) return;
  builder.begin_object();
  builder.value(builder.attribute("distinguishedName", AttributeSyntax::DistinguishedName), parsed.dn);
  if (!parsed.guid.empty())
    builder.value(builder.attribute("objectGUID", AttributeSyntax::Guid), parsed.guid);
  if (!parsed.sid.empty()) builder.value(builder.attribute("objectSid", AttributeSyntax::Sid), parsed.sid);
  builder.end_object();
}

Status ForeignMembers::resolve(Session& session, snapshot::Builder& builder, const std::string& domain) {
  for (const std::string& group : groups_) {
    Status status = session.with_retries([&](Connection& connection) -> Status {
      // A group that has gone meanwhile has no members any more.
      const Result<bool> there = read_values(connection, group, "member", 0, LinkForm::Extended,
                                             [&](ByteSpan value) { add(as_text(value), builder); });
      return there ? Status() : Status(there.error());
    });
    if (!status) return status;
  }
  if (!groups_.empty()) {
    builder.cover({.area = "members from other domains", .domain = domain, .read = seen_.size()});
  }
  return {};
}

}  // namespace tierline::collectors::ldap
