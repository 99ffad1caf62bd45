#include "core/knowledge/protected_groups.h"

namespace tierline::knowledge {
namespace {

// clang-format off
constexpr ProtectedPrincipal kRows[] = {
    {.rid = 544, .builtin = true,  .with_members = true},                     // Administrators
    {.rid = 548, .builtin = true,  .with_members = true, .excluded_by = 0x1}, // Account Operators
    {.rid = 549, .builtin = true,  .with_members = true, .excluded_by = 0x2}, // Server Operators
    {.rid = 550, .builtin = true,  .with_members = true, .excluded_by = 0x4}, // Print Operators
    {.rid = 551, .builtin = true,  .with_members = true, .excluded_by = 0x8}, // Backup Operators
    {.rid = 552, .builtin = true,  .with_members = true},                     // Replicator
    {.rid = 512, .builtin = false, .with_members = true},                     // Domain Admins
    {.rid = 518, .builtin = false, .with_members = true},                     // Schema Admins
    {.rid = 519, .builtin = false, .with_members = true},                     // Enterprise Admins
    {.rid = 500, .builtin = false, .with_members = false},                    // Administrator
    {.rid = 502, .builtin = false, .with_members = false},                    // krbtgt
    {.rid = 516, .builtin = false, .with_members = false},                    // Domain Controllers
    {.rid = 521, .builtin = false, .with_members = false},                    // Read-only Domain Controllers
};
// clang-format on

}  // namespace

std::span<const ProtectedPrincipal> protected_principals() { return kRows; }

}  // namespace tierline::knowledge
