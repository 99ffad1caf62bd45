#pragma once

// Every command of the program; each is implemented in the file of its name.

#include "viewer/cli/command.h"

namespace tierline::viewer::cli {

Action declare_audit(CLI::App& app);
Action declare_chokepoints(CLI::App& app);
Action declare_collect(CLI::App& app);
Action declare_derive(CLI::App& app);
Action declare_diff(CLI::App& app);
Action declare_edges(CLI::App& app);
Action declare_explain(CLI::App& app);
Action declare_export(CLI::App& app);
Action declare_exposure(CLI::App& app);
Action declare_import(CLI::App& app);
Action declare_info(CLI::App& app);
Action declare_paths(CLI::App& app);
Action declare_plan(CLI::App& app);
Action declare_rights(CLI::App& app);
Action declare_sddl(CLI::App& app);
Action declare_tiers(CLI::App& app);
Action declare_whatif(CLI::App& app);

}  // namespace tierline::viewer::cli
