#include "core/knowledge/certificate_settings.h"

#include <algorithm>

namespace tierline::knowledge {
namespace {

// clang-format off
constexpr CertificateSetting kRows[] = {
    {.name = "schemaversion", .attribute = "msPKI-Template-Schema-Version", .when_absent = "1"},  // [MS-CRTD] 2.16
    {.name = "authorizedsignatures", .attribute = "msPKI-RA-Signature", .when_absent = "0"},      // 2.18
    {.name = "oid", .attribute = "msPKI-Cert-Template-OID"},                                      // 2.20
    {.name = "certtemplateoid", .attribute = "msPKI-Cert-Template-OID"},                          // the same, of a policy
    {.name = "certificatepolicy", .attribute = "msPKI-Certificate-Policy"},                       // 2.24
    {.name = "ekus", .attribute = "pKIExtendedKeyUsage"},                                         // 2.12
    {.name = "certificateapplicationpolicy", .attribute = "msPKI-Certificate-Application-Policy"},  // 2.25
    // 2.26
    {.name = "requiresmanagerapproval", .attribute = "msPKI-Enrollment-Flag", .bits = 0x2},
    {.name = "nosecurityextension", .attribute = "msPKI-Enrollment-Flag", .bits = 0x80000},
    // 2.28. The subject, or the alternative name alone: both are what the requester says.
    {.name = "enrolleesuppliessubject", .attribute = "msPKI-Certificate-Name-Flag", .bits = 0x1 | 0x10000},
    {.name = "subjectaltrequiredomaindns", .attribute = "msPKI-Certificate-Name-Flag", .bits = 0x400000},
    {.name = "subjectaltrequirespn", .attribute = "msPKI-Certificate-Name-Flag", .bits = 0x800000},
    {.name = "subjectaltrequireupn", .attribute = "msPKI-Certificate-Name-Flag", .bits = 0x2000000},
    {.name = "subjectaltrequireemail", .attribute = "msPKI-Certificate-Name-Flag", .bits = 0x4000000},
    {.name = "subjectaltrequiredns", .attribute = "msPKI-Certificate-Name-Flag", .bits = 0x8000000},
    {.name = "subjectrequireemail", .attribute = "msPKI-Certificate-Name-Flag", .bits = 0x20000000},
};
// clang-format on

}  // namespace

const CertificateSetting* certificate_setting(std::string_view name) {
  const auto found = std::find_if(std::begin(kRows), std::end(kRows),
                                  [&](const CertificateSetting& row) { return row.name == name; });
  return found == std::end(kRows) ? nullptr : found;
}

std::span<const CertificateSetting> certificate_settings() { return kRows; }

}  // namespace tierline::knowledge
