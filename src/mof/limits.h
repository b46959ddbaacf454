// How much of anything a MOF text may hold. Each limit ends in an error, never in a crash; each is
// tested at its edge. Real driver MOFs stay two orders of magnitude below.
#pragma once

#include <cstddef>
#include <cstdint>

namespace qm::mof {

// Text.
inline constexpr std::size_t kMostSourceBytes = 16U << 20U;  // one file, as read
inline constexpr std::size_t kMostStringBytes = 1U << 20U;   // one string value, decoded
inline constexpr std::size_t kMostIdentifierBytes = 255;

// Preprocessing.
inline constexpr unsigned kMostIncludeDepth = 32;
inline constexpr unsigned kMostConditionDepth = 64;  // #if inside #if
inline constexpr std::size_t kMostMacros = 4'096;
inline constexpr std::size_t kMostMacroParameters = 64;
inline constexpr unsigned kMostMacroDepth = 64;                // macros inside macros
inline constexpr std::size_t kMostExpandedTokens = 1U << 17U;  // of a whole compilation
inline constexpr std::size_t kMostExpandedBytes = 64U << 20U;  // likewise, what they spell
inline constexpr std::size_t kMostMadeBytes = 4U << 20U;       // spellings made by # and ##
inline constexpr unsigned kMostExpressionDepth = 64;           // parentheses in one #if

// Declarations.
inline constexpr unsigned kMostValueDepth = 16;  // lists and instances in values
inline constexpr std::size_t kMostListValues = 65'536;
inline constexpr std::size_t kMostQualifiers = 256;    // of one thing
inline constexpr std::size_t kMostProperties = 4'096;  // of one class or method
inline constexpr std::size_t kMostMethods = 1'024;
inline constexpr std::size_t kMostDeclarations = 20'000;      // classes, instances, qualifiers
inline constexpr unsigned kMostLineage = 64;                  // superclasses above a class
inline constexpr unsigned kMostEmbedDepth = 16;               // classes inside data blocks
inline constexpr std::uint32_t kMostBlockBytes = 16U << 20U;  // one data block
inline constexpr std::uint32_t kMostDataId = 4'096;

}  // namespace qm::mof
