#pragma once

// Places in a snapshot. Plain integers, as they index columns; each has a value for "none".

#include <cstdint>

namespace tierline::snapshot {

using AttributeId = std::uint16_t;      ///< place in Meta::attributes
using ObjectIndex = std::uint32_t;      ///< objects are in order of their GUID bytes
using DescriptorIndex = std::uint32_t;  ///< distinct security descriptors

inline constexpr AttributeId kNoAttribute = 0xFFFF;
inline constexpr ObjectIndex kNoObject = 0xFFFFFFFF;
inline constexpr DescriptorIndex kNoDescriptor = 0xFFFFFFFF;

}  // namespace tierline::snapshot
