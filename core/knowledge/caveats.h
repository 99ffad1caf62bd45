#pragma once

// What may keep a true edge from being used, or what we do not know about it. Shown with the edge.

#include <array>
#include <cstdint>
#include <string_view>

namespace tierline::knowledge {

enum class Caveat : std::uint8_t {
  ConditionalAce,
  PasswordStrength,
  NeedsSpnAccount,
  NeedsKeyTrust,
  NeedsGpo,
  GpoFiltersUnknown,
  SensitiveAccounts,
  NeedsForwardableTicket,
  TargetDisabled,
  EncryptedLaps,
  NeedsCoercion,
  DistributionGroup,
  ForeignSidFiltered,
  StampedHourly,
  NotYetStamped,
  ToBeStamped,
  HighRidsOnly,
  SidFiltered,
  SelectiveAuthentication,
  NeedsLogon,
  LogonRestricted,
  NeedsDelegationPrivilege,
  AuthoritySecurityUnread,
  PatchLevelUnknown,
  OtherConditions,
};

inline constexpr std::array<std::string_view, 25> kCaveatTexts = {
    "The entry is conditional: it grants the right only where its condition over claims holds.",
    "Works only if the account's password can be guessed offline.",
    "Needs a second account with a service principal name, such as a computer that the attacker can create.",
    "Needs a domain controller that accepts key trust (Windows Server 2016 or later with a certificate).",
    "Needs a group policy object whose content the attacker controls.",
    "The policy has a WMI filter, or its security filter could not be read.",
    "Accounts marked as sensitive and members of Protected Users cannot be impersonated.",
    "Without protocol transition: needs a forwardable ticket of the user, or a second delegation to get one.",
    "The target account is disabled; it must be enabled first.",
    "The stored password is encrypted; reading it also needs the right to decrypt it.",
    "A domain controller must be made to authenticate to the source.",
    "The group is a distribution group: it is in no logon token.",
    "The SID belongs to another forest, whose trust may filter it.",
    "Takes effect when the protection task next runs, within the hour by default.",
    "The target does not carry AdminSDHolder's entries yet; it will after the protection task's next run.",
    "The target is protected by AdminSDHolder but does not carry its entries yet: this one goes with the "
    "next run.",
    "The trust lets only SIDs with a RID of 1000 and more through: no built-in group of the domain.",
    "The trust filters the SID: it counts in no token on its other side.",
    "The trust asks for selective authentication: the target computer must grant Allowed-To-Authenticate.",
    "Works when the user next logs on interactively.",
    "An authentication policy, a smart card requirement or a list of workstations limits the target's logon.",
    "Also needs the privilege to enable delegation on a domain controller.",
    "The authority's own list of who may enrol, which decides, was not read: this is its copy in the "
    "directory.",
    "Works only on an authority that lacks the updates of November 2024.",
    "Other evidence gives it to others, whom this one's condition leaves out: they are not told.",
};

/// A set of caveats.
class Caveats {
 public:
  constexpr Caveats() = default;
  constexpr Caveats(Caveat one) : bits_(1u << static_cast<unsigned>(one)) {}
  static constexpr Caveats from_bits(std::uint32_t bits) {
    Caveats caveats;
    caveats.bits_ = bits;
    return caveats;
  }

  constexpr Caveats operator|(Caveats other) const { return from_bits(bits_ | other.bits_); }
  constexpr Caveats& operator|=(Caveats other) { return bits_ |= other.bits_, *this; }
  constexpr bool contains(Caveat one) const { return (bits_ & (1u << static_cast<unsigned>(one))) != 0; }
  constexpr std::uint32_t bits() const { return bits_; }

 private:
  std::uint32_t bits_ = 0;
};

constexpr std::string_view text_of(Caveat caveat) { return kCaveatTexts[static_cast<std::size_t>(caveat)]; }

}  // namespace tierline::knowledge
