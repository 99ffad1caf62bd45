#include "core/knowledge/secret_attributes.h"

#include "core/base/text.h"

namespace tierline::knowledge {
namespace {

// clang-format off
constexpr SecretAttribute kRows[] = {
    {.name = "unicodePwd", .holds = "the NT hash"},
    {.name = "dBCSPwd", .holds = "the LM hash"},
    {.name = "ntPwdHistory", .holds = "earlier NT hashes"},
    {.name = "lmPwdHistory", .holds = "earlier LM hashes"},
    {.name = "supplementalCredentials", .holds = "Kerberos keys and reversibly encrypted passwords"},
    {.name = "userPassword", .holds = "a password, where applications put one"},
    {.name = "unixUserPassword", .holds = "a UNIX password or its hash"},
    {.name = "ms-Mcs-AdmPwd", .holds = "a local administrator's password"},
    {.name = "msLAPS-Password", .holds = "a local administrator's password"},
    {.name = "msLAPS-EncryptedPassword", .holds = "a local administrator's password, encrypted"},
    {.name = "msLAPS-EncryptedPasswordHistory", .holds = "earlier ones"},
    {.name = "msLAPS-EncryptedDSRMPassword", .holds = "a domain controller's recovery password, encrypted"},
    {.name = "msLAPS-EncryptedDSRMPasswordHistory", .holds = "earlier ones"},
    {.name = "msDS-ManagedPassword", .holds = "a managed service account's password"},
    {.name = "trustAuthIncoming", .holds = "keys of a trust"},
    {.name = "trustAuthOutgoing", .holds = "keys of a trust"},
    {.name = "initialAuthIncoming", .holds = "keys of a trust"},
    {.name = "initialAuthOutgoing", .holds = "keys of a trust"},
    {.name = "currentValue", .holds = "an LSA secret, such as the backup key of all user keys"},
    {.name = "priorValue", .holds = "an earlier LSA secret"},
    {.name = "msKds-RootKeyData", .holds = "the root key of all managed passwords"},
    {.name = "msFVE-RecoveryPassword", .holds = "a disk recovery password"},
    {.name = "msFVE-KeyPackage", .holds = "a disk recovery key"},
    {.name = "msTPM-OwnerInformation", .holds = "a TPM owner password"},
    {.name = "msPKIAccountCredentials", .holds = "roaming credentials"},
    {.name = "msPKIDPAPIMasterKeys", .holds = "roaming user keys"},
};
// clang-format on

}  // namespace

std::span<const SecretAttribute> secret_attributes() { return kRows; }

bool is_secret(std::string_view attribute) {
  for (const SecretAttribute& row : kRows) {
    if (equal_ascii_nocase(row.name, attribute)) return true;
  }
  return false;
}

}  // namespace tierline::knowledge
