#include "collectors/ldap/root_dse.h"

#include <charconv>

#include "core/base/text.h"

namespace tierline::collectors::ldap {

Result<RootDse> read_root_dse(Connection& connection, const std::string& url) {
  RootDse root;
  const auto take = [&](const Entry& entry) -> Status {
    for (const Entry::Attribute& attribute : entry.attributes) {
      if (attribute.values.empty()) continue;
      const std::string_view value = as_text(attribute.values[0]);
      const auto is = [&](std::string_view name) { return equal_ascii_nocase(attribute.name, name); };
      if (is("defaultNamingContext")) root.domain = value;
      if (is("configurationNamingContext")) root.configuration = value;
      if (is("schemaNamingContext")) root.schema = value;
      if (is("dnsHostName")) root.host = value;
      if (is("highestCommittedUSN")) {
        std::from_chars(value.data(), value.data() + value.size(), root.highest_usn);
      }
      if (is("supportedControl")) {
        for (const ByteSpan control : attribute.values)
          root.tells_time_to_live = root.tells_time_to_live || as_text(control) == kLinkTtlControl;
      }
      if (is("namingContexts")) {
        for (const ByteSpan context : attribute.values) root.naming_contexts.emplace_back(as_text(context));
      }
    }
    return {};
  };
  const Result<SearchOutcome> outcome = connection.search(
      {.base = "",
       .scope = Scope::Base,
       .attributes = {"defaultNamingContext", "configurationNamingContext", "schemaNamingContext",
                      "dnsHostName", "highestCommittedUSN", "namingContexts", "supportedControl"}},
      take);
  if (!outcome) return outcome.error();
  if (root.domain.empty() || root.configuration.empty() || root.schema.empty()) {
    return Error{ErrorCode::Unavailable, "the server is no Active Directory domain controller", url};
  }
  return root;
}

}  // namespace tierline::collectors::ldap
