#include "collectors/naming_context.h"

#include "core/base/text.h"
#include "core/directory/distinguished_name.h"

namespace tierline::collectors {

NamingContext naming_context_of(std::string_view dn) {
  const std::string folded = fold_case(dn);
  std::string domain = directory::dns_domain(dn);
  if (folded.find("cn=schema,cn=configuration,dc=") != std::string::npos)
    return {"schema", std::move(domain)};
  if (folded.find("cn=configuration,dc=") != std::string::npos) return {"configuration", std::move(domain)};
  return {"objects", std::move(domain)};
}

}  // namespace tierline::collectors
