#include "core/knowledge/edge_costs.h"

#include <array>

namespace tierline::knowledge {
namespace {

using enum EdgeKind;

// clang-format off
constexpr EdgeKind kHeld[] = {MemberOf, HasSIDHistory, ClaimSpecialIdentity, MemberOfLocalGroup, LocalToComputer, DCFor, SameForestTrust};
constexpr EdgeKind kWrites[] = {
    Contains, Owns, OwnsLimitedRights, GenericAll, GenericWrite, WriteDacl, WriteOwner, WriteOwnerLimitedRights, AllExtendedRights,
    AddMember, AddSelf, WriteMsDSGroupMSAMembership, ReadLAPSPassword, SyncLAPSPassword, ReadGMSAPassword, DCSync, ProtectAdminGroups,
    ADCSESC1, ADCSESC13, AdminTo};
constexpr EdgeKind kSteps[] = {
    AddKeyCredentialLink, AddAllowedToAct, WriteAccountRestrictions, WriteAltSecurityIdentities, WriteUserAccountControl,
    WritePublicInformation, AllowedToDelegate, AllowedToAct, DumpSMSAPassword, HasTrustKeys, SpoofSIDHistory, WriteGPLink,
    WriteGPCFileSysPath, GPOAppliesTo, CanApplyGPO, GoldenCert, ADCSESC3, ADCSESC4, ADCSESC6a, ADCSESC6b, ADCSESC7, ADCSESC9a,
    ADCSESC9b, ADCSESC10a, ADCSESC10b, ManageCA, ManageCertificates, CanBackup, CanPSRemote, ExecuteDCOM, SQLAdmin};
constexpr EdgeKind kNoticed[] = {ForceChangePassword, HasSession, CanRDP};
constexpr EdgeKind kWaits[] = {
    WriteSPN, WriteScriptPath, CoerceToTGT, AbuseTGTDelegation, CoerceAndRelayNTLMToSMB, CoerceAndRelayNTLMToLDAP,
    CoerceAndRelayNTLMToLDAPS, CoerceAndRelayNTLMToADCS};

constexpr EdgeCost kCosts[] = {
    {0, "The token, or the host itself, already holds it.", kHeld},
    {1, "One request or one change of the directory, with ordinary tools.", kWrites},
    {2, "Several steps: keys, delegation, policies or certificates are set up and then used.", kSteps},
    {3, "Somebody may notice: a password stops working, code runs on a host with a user on it.", kNoticed},
    {4, "Waits for somebody, guesses a password offline, or must make a host authenticate.", kWaits},
};
// clang-format on

constexpr std::uint8_t kUnlisted = 2;

constexpr auto make_table() {
  std::array<std::uint8_t, 256> table{};
  for (std::uint8_t& cost : table) cost = kUnlisted;
  for (const EdgeCost& row : kCosts) {
    for (const EdgeKind kind : row.kinds) table[static_cast<std::size_t>(kind)] = row.cost;
  }
  return table;
}
constexpr auto kTable = make_table();

}  // namespace

std::span<const EdgeCost> edge_costs() { return kCosts; }

std::uint8_t cost_of(EdgeKind kind) { return kTable[static_cast<std::size_t>(kind)]; }

}  // namespace tierline::knowledge
