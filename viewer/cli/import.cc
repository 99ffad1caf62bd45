#include "viewer/cli/commands.h"

namespace tierline::viewer::cli {

Action declare_import(CLI::App& app) {
  (void)app;
  return []() -> Result<int> { return Error{ErrorCode::Internal, "placeholder"}; };
}

}  // namespace tierline::viewer::cli
