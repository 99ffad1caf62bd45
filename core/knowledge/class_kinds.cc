#include "core/knowledge/class_kinds.h"

namespace tierline::knowledge {
namespace {

using enum NodeKind;

// clang-format off
constexpr ClassKind kRows[] = {
    // Managed service accounts derive from computer but log on as service users.
    {.object_class = "msDS-GroupManagedServiceAccount", .kind = User},
    {.object_class = "msDS-ManagedServiceAccount", .kind = User},
    {.object_class = "msDS-DelegatedManagedServiceAccount", .kind = User},
    {.object_class = "computer", .kind = Computer},
    {.object_class = "user", .kind = User},
    {.object_class = "group", .kind = Group},
    {.object_class = "domainDNS", .kind = Domain},
    {.object_class = "organizationalUnit", .kind = OU},
    {.object_class = "groupPolicyContainer", .kind = GPO},
    {.object_class = "pKICertificateTemplate", .kind = CertTemplate},
    {.object_class = "pKIEnrollmentService", .kind = EnterpriseCA},
    {.object_class = "certificationAuthority", .kind = RootCA, .under = ",CN=Certification Authorities,CN=Public Key Services,"},
    {.object_class = "certificationAuthority", .kind = AIACA, .under = ",CN=AIA,CN=Public Key Services,"},
    {.object_class = "certificationAuthority", .kind = NTAuthStore, .under = "CN=NTAuthCertificates,CN=Public Key Services,"},
    {.object_class = "msPKI-Enterprise-Oid", .kind = IssuancePolicy},
    {.object_class = "site", .kind = Site},
    {.object_class = "server", .kind = SiteServer},
    {.object_class = "subnet", .kind = SiteSubnet},
    {.object_class = "container", .kind = Container},
    {.object_class = "rpcContainer", .kind = Container},
    {.object_class = "lostAndFound", .kind = Container},
    {.object_class = "builtinDomain", .kind = Container},
    {.object_class = "configuration", .kind = Container},
    {.object_class = "dMD", .kind = Container},
};
// clang-format on

}  // namespace

std::span<const ClassKind> class_kinds() { return kRows; }

}  // namespace tierline::knowledge
