// tierline COMMAND [ARGS]: reads directories, finds attack paths, shows drift. docs/contract.md is the contract.

#include <fmt/format.h>
#include <kj/exception.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <new>

#include "core/base/text.h"
#include "viewer/cli/commands.h"

namespace tierline::viewer::cli {
namespace {

struct Command {
  const char* name;
  const char* summary;
  Declare declare;
};

constexpr Command kCommands[] = {
    {"collect", "read a live directory over LDAP into a snapshot", declare_collect},
    {"import", "read collected files into a snapshot", declare_import},
    {"derive", "derive the graph once and keep it beside the snapshot", declare_derive},
    {"paths", "shortest attack paths to Tier Zero", declare_paths},
    {"exposure", "who can reach Tier Zero, in how many hops", declare_exposure},
    {"audit", "violations of the tiers, and settings that invite them", declare_audit},
    {"tiers", "which tier each object is in, and why", declare_tiers},
    {"chokepoints", "what many attack paths have in common", declare_chokepoints},
    {"plan", "which facts to take away first", declare_plan},
    {"whatif", "what would be without some facts", declare_whatif},
    {"explain", "why an edge between two principals exists, and how to remove it", declare_explain},
    {"diff", "what changed between two snapshots, and which paths that opened", declare_diff},
    {"export", "hand the attack paths over as a file", declare_export},
    {"rights", "what one principal may do to one object, and the entries that decide it", declare_rights},
    {"edges", "the derived edges, one per line", declare_edges},
    {"sddl", "security descriptors from standard input, one a line, as JSON", declare_sddl},
    {"info", "what a snapshot holds and where it came from", declare_info},
};

int fail(const Error& error) {
  std::fflush(stdout);
  note(fmt::format("tierline: {}", error.describe()));
  return static_cast<int>(error.code);
}

// Buffered output that never arrived is a failure too: a full disk must not look like success. CLI11 writes help
// by streams of its own.
int flushed(int code) {
  const bool arrived = std::cout.flush().good();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || !arrived) {
    return fail({ErrorCode::Io, "cannot write the result", "stdout"});
  }
  return code;
}

std::string usage_error(const CLI::App* app, const CLI::Error& wrong) {
  const std::vector<CLI::App*> chosen = app->get_subcommands();
  return fmt::format("tierline: {}; see tierline {}--help\n", wrong.what(),
                     chosen.empty() ? "" : chosen.front()->get_name() + " ");
}

// What stands where a command should, if it is none: CLI11 would say only that one is missing.
const char* unknown_command(int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return nullptr;
  const bool known = std::any_of(std::begin(kCommands), std::end(kCommands), [&](const Command& command) {
    return std::string_view(command.name) == argv[1];
  });
  return known ? nullptr : argv[1];
}

int run(int argc, char** argv) {
  if (const char* const unknown = unknown_command(argc, argv)) {
    return fail({ErrorCode::Usage, "there is no command '" + visible(unknown) + "'; see tierline --help"});
  }

  CLI::App app("Active Directory attack-path and privilege-exposure graph engine");
  app.name("tierline");
  app.set_version_flag("--version", "tierline " TIERLINE_VERSION);
  app.require_subcommand(1);
  app.failure_message(&usage_error);
  std::vector<std::pair<CLI::App*, Action>> actions;
  for (const Command& command : kCommands) {
    CLI::App* const sub = app.add_subcommand(command.name, command.summary);
    actions.emplace_back(sub, command.declare(*sub));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked_for_help) {
    app.exit(asked_for_help);
    return flushed(kDone);
  } catch (const CLI::ParseError& wrong) {
    app.exit(wrong);
    return static_cast<int>(ErrorCode::Usage);
  }
  for (const auto& [sub, action] : actions) {
    if (!sub->parsed()) continue;
    const Result<int> code = action();
    if (!code) return fail(code.error());
    return flushed(*code);
  }
  return static_cast<int>(ErrorCode::Usage);
}

}  // namespace
}  // namespace tierline::viewer::cli

int main(int argc, char** argv) {
  // Written without taking any.
  const auto out_of_memory = [] {
    std::fputs("tierline: not enough memory\n", stderr);
    return static_cast<int>(tierline::ErrorCode::TryAgain);
  };
  try {
    return tierline::viewer::cli::run(argc, argv);
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const kj::Exception& defect) {
    // What Cap'n Proto throws in its place.
    if (defect.getType() == kj::Exception::Type::OVERLOADED) return out_of_memory();
    tierline::viewer::cli::note(fmt::format("tierline: internal error: {}", defect.getDescription().cStr()));
    return static_cast<int>(tierline::ErrorCode::Internal);
  } catch (const std::exception& defect) {
    tierline::viewer::cli::note(fmt::format("tierline: internal error: {}", defect.what()));
    return static_cast<int>(tierline::ErrorCode::Internal);
  }
}
