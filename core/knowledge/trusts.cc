#include "core/knowledge/trusts.h"

namespace tierline::knowledge {

namespace bits = trust_attribute;

SidFilter sid_filter(std::uint32_t attributes) {
  if ((attributes & bits::kQuarantined) != 0) return SidFilter::All;
  if ((attributes & bits::kWithinForest) != 0) return SidFilter::Nothing;
  if ((attributes & bits::kForestTransitive) != 0 && (attributes & bits::kTreatAsExternal) == 0) {
    return SidFilter::All;
  }
  const bool is_forest = (attributes & bits::kForestTransitive) != 0;
  if (is_forest && (attributes & bits::kPrivilegedAccessManagement) != 0) return SidFilter::Nothing;
  return SidFilter::HighRids;
}

bool passes(SidFilter filter, const directory::Sid& sid) {
  constexpr std::uint32_t kFirstOrdinaryRid = 1000;
  return filter == SidFilter::Nothing || (filter == SidFilter::HighRids && sid.rid() >= kFirstOrdinaryRid);
}

bool lets_tgt_delegation(std::uint32_t attributes) {
  if ((attributes & (bits::kQuarantined | bits::kNoTgtDelegation)) != 0) return false;
  return (attributes & (bits::kWithinForest | bits::kEnableTgtDelegation)) != 0;
}

}  // namespace tierline::knowledge
