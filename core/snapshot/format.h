#pragma once

// The bytes around the chunks: header, contents, trailer. Private to this room; docs/snapshot-format.md
// tells the same for people.
//
//   header    8 bytes magic, format version (4), zero (4)
//   chunks    each a Cap'n Proto message, padded to 8 bytes by its own framing
//   contents  a Cap'n Proto message: kind, place, size and checksum of each chunk
//   trailer   offset, size and XXH3-64 of the contents, file size, XXH3-64 of header and trailer so far

#include <cstdint>
#include <string_view>

namespace tierline::snapshot {

inline constexpr std::string_view kMagic = "TIERLINE";
inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::size_t kHeaderSize = 16;
inline constexpr std::size_t kTrailerSize = 40;

/// Objects per chunk, and the size of a chunk's heap after which the next chunk begins. Chosen so that
/// offsets fit 32 bits and one chunk is a comfortable unit to verify, and to hold in memory a few times over.
inline constexpr std::uint32_t kChunkObjects = 65536;
inline constexpr std::uint64_t kChunkHeap = 4u << 20;

/// How a value of DN syntax begins.
inline constexpr std::uint8_t kDnAsText = 0;
inline constexpr std::uint8_t kDnAsObject = 1;

inline constexpr std::string_view kDnAttribute = "distinguishedName";
inline constexpr std::string_view kGuidAttribute = "objectGUID";
inline constexpr std::string_view kUsnAttribute = "uSNChanged";

}  // namespace tierline::snapshot
