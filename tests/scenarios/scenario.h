#pragma once

// Scenarios: small forests as text, with the edges that must and must not come of them. fixtures/scenarios
// holds them; docs/hacking.md says how they are written.

#include <string>
#include <vector>

#include "core/base/result.h"

namespace tierline::tests {

/// Runs one scenario and returns what was expected and not found, or found and not expected; empty when all
/// is as it should be. Errors: BadData with the line for a scenario that cannot be read.
Result<std::vector<std::string>> run_scenario(const std::string& path);

}  // namespace tierline::tests
