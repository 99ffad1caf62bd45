#include "core/knowledge/tier_zero.h"

namespace tierline::knowledge {
namespace {

using enum TierZeroMatch;

// clang-format off
constexpr TierZeroRow kRows[] = {
    {.match = Kind, .kind = NodeKind::Domain, .name = "Domain head", .reason = "Rights on it are inherited by the whole domain and include replication of every secret.", .reference = "[MS-ADTS] 6.1.3; [MS-DRSR] 4.1.10.5.2"},
    {.match = SystemObject, .text = "AdminSDHolder", .name = "AdminSDHolder", .reason = "Its security descriptor is written over those of all protected groups and accounts.", .reference = "[MS-ADTS] 3.1.1.6.1"},
    {.match = ObjectClass, .text = "configuration", .name = "Configuration head", .reason = "Rights on it are inherited by the sites, certificate services and settings of the whole forest.", .reference = "[MS-ADTS] 6.1.1.2"},
    {.match = ObjectClass, .text = "dMD", .name = "Schema head", .reason = "Rights on it are inherited by every class and attribute of the forest, default descriptors included.", .reference = "[MS-ADTS] 3.1.1.2, 6.1.1.2"},
    {.match = DomainRid, .rid = 500, .name = "Administrator", .reason = "The built-in administrator of the domain.", .reference = "[MS-ADTS] 6.1.1.6"},
    {.match = DomainRid, .rid = 502, .name = "krbtgt", .reason = "Its key signs every ticket of the domain.", .reference = "[MS-ADTS] 6.1.1.6; [MS-KILE] 3.3.1"},
    {.match = DomainRid, .rid = 512, .name = "Domain Admins", .reason = "Administrators of the domain and, by default, of every computer in it.", .reference = "[MS-ADTS] 6.1.1.6; Microsoft, tier model"},
    {.match = DomainRid, .rid = 516, .name = "Domain Controllers", .reason = "Domain controllers hold every secret of the domain.", .reference = "[MS-ADTS] 6.1.1.6; Microsoft, tier model"},
    {.match = DomainRid, .rid = 518, .name = "Schema Admins", .reason = "Can change the default descriptors and the meaning of every class in the forest.", .reference = "[MS-ADTS] 6.1.1.6; Microsoft, tier model"},
    {.match = DomainRid, .rid = 519, .name = "Enterprise Admins", .reason = "Administrators of every domain of the forest.", .reference = "[MS-ADTS] 6.1.1.6; Microsoft, tier model"},
    {.match = DomainRid, .rid = 498, .name = "Enterprise Read-only Domain Controllers", .reason = "Read-only domain controllers of the forest; they hold cached secrets.", .reference = "[MS-ADTS] 6.1.1.6; Microsoft, tier model"},
    {.match = DomainRid, .rid = 521, .name = "Read-only Domain Controllers", .reason = "Read-only domain controllers hold cached secrets and issue tickets.", .reference = "[MS-ADTS] 6.1.1.6; Microsoft, tier model"},
    {.match = DomainRid, .rid = 517, .name = "Cert Publishers", .reason = "Full control of root and AIA certificate objects by default.", .reference = "[MS-ADTS] 6.1.1.6"},
    {.match = DomainRid, .rid = 520, .name = "Group Policy Creator Owners", .reason = "Members make policies that administrators link.", .reference = "[MS-ADTS] 6.1.1.6; Microsoft, tier model"},
    {.match = DomainRid, .rid = 526, .name = "Key Admins", .reason = "Can add key credentials to every account of the domain.", .reference = "[MS-ADTS] 2.2.20; [MS-DTYP] 2.4.2.4"},
    {.match = DomainRid, .rid = 527, .name = "Enterprise Key Admins", .reason = "Can add key credentials to every account of the forest.", .reference = "[MS-ADTS] 2.2.20; [MS-DTYP] 2.4.2.4"},
    {.match = Sid, .text = "S-1-5-9", .name = "Enterprise Domain Controllers", .reason = "Every domain controller of the forest.", .reference = "[MS-DTYP] 2.4.2.4"},
    {.match = Sid, .text = "S-1-5-32-544", .name = "Administrators", .reason = "Administrators of the domain controllers.", .reference = "[MS-DTYP] 2.4.2.4; Microsoft, tier model"},
    {.match = Sid, .text = "S-1-5-32-548", .name = "Account Operators", .reason = "Full control of users, groups and computers outside the protected groups by default.", .reference = "[MS-DTYP] 2.4.2.4; Microsoft, tier model"},
    {.match = Sid, .text = "S-1-5-32-549", .name = "Server Operators", .reason = "Can change services on domain controllers.", .reference = "[MS-DTYP] 2.4.2.4; Microsoft, tier model"},
    {.match = Sid, .text = "S-1-5-32-550", .name = "Print Operators", .reason = "Can log on to domain controllers and load drivers there.", .reference = "[MS-DTYP] 2.4.2.4; Microsoft, tier model"},
    {.match = Sid, .text = "S-1-5-32-551", .name = "Backup Operators", .reason = "Can read and replace every file of a domain controller, the directory database included.", .reference = "[MS-DTYP] 2.4.2.4; Microsoft, tier model"},
    {.match = Sid, .text = "S-1-5-32-559", .name = "Performance Log Users", .reason = "Can have data collectors start programs on domain controllers.", .reference = "[MS-DTYP] 2.4.2.4; [MS-PLA] 1.3"},
    {.match = Sid, .text = "S-1-5-32-562", .name = "Distributed COM Users", .reason = "Can start COM servers on domain controllers.", .reference = "[MS-DTYP] 2.4.2.4; Microsoft, tier model"},
    {.match = Sid, .text = "S-1-5-32-569", .name = "Cryptographic Operators", .reason = "Can change the cryptographic configuration of domain controllers.", .reference = "[MS-DTYP] 2.4.2.4; Microsoft, tier model"},
    {.match = Sid, .text = "S-1-5-32-578", .name = "Hyper-V Administrators", .reason = "Control virtual domain controllers where a host of theirs is one.", .reference = "[MS-DTYP] 2.4.2.4; Microsoft, tier model"},
    {.match = AccountName, .text = "DnsAdmins", .name = "DnsAdmins", .reason = "Can have the DNS service of a domain controller load a library.", .reference = "[MS-DNSP] ServerLevelPluginDll"},
    {.match = AccountName, .text = "Exchange Trusted Subsystem", .name = "Exchange Trusted Subsystem", .reason = "Writes descriptors in the domain while Exchange runs with shared permissions.", .reference = "Microsoft, Exchange split permissions"},
    {.match = AccountName, .text = "Exchange Windows Permissions", .name = "Exchange Windows Permissions", .reason = "Writes descriptors in the domain while Exchange runs with shared permissions.", .reference = "Microsoft, Exchange split permissions"},
    {.match = AccountName, .text = "AZUREADSSOACC$", .name = "Seamless single sign-on account", .reason = "Its key makes tickets that the cloud tenant trusts.", .reference = "Microsoft, Entra seamless single sign-on"},
    {.match = AccountPrefix, .text = "MSOL_", .name = "Entra Connect account", .reason = "Replicates password hashes by default.", .reference = "Microsoft, Entra Connect accounts and permissions"},
    {.match = Kind, .kind = NodeKind::EnterpriseCA, .name = "Enterprise CA", .reason = "Issues certificates that log on as anyone.", .reference = "[MS-WCCE] 3.2; [MS-PKCA] 3.1.5.2.1"},
    {.match = Kind, .kind = NodeKind::RootCA, .name = "Root CA", .reason = "Certificates under it are trusted by the forest.", .reference = "[MS-WCCE] 3.2"},
    {.match = Kind, .kind = NodeKind::AIACA, .name = "AIA CA", .reason = "Certificates under it take part in building trusted chains.", .reference = "[MS-WCCE] 3.2"},
    {.match = Kind, .kind = NodeKind::NTAuthStore, .name = "NTAuth store", .reason = "Lists the authorities whose certificates may log on.", .reference = "[MS-PKCA] 3.1.5.2.1"},
    {.match = Kind, .kind = NodeKind::CertTemplate, .name = "Certificate template", .reason = "Its settings decide whose name a certificate carries.", .reference = "[MS-CRTD] 2"},
};
// clang-format on

}  // namespace

std::span<const TierZeroRow> tier_zero_rows() { return kRows; }

}  // namespace tierline::knowledge
