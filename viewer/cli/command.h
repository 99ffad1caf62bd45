#pragma once

// What the commands of the program share: how they are declared, how they end, how they write.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/snapshot/meta.h"

namespace tierline::viewer::cli {

/// Exit codes beside those of ErrorCode; docs/contract.md has the whole table.
inline constexpr int kDone = 0;
inline constexpr int kFindings = 1;
inline constexpr int kIncomplete = static_cast<int>(ErrorCode::Incomplete);

/// What a command does once its arguments are known: an exit code, or an Error to be printed.
using Action = std::function<Result<int>()>;

/// Declares one command on `app` and returns what to run when it is the chosen one.
using Declare = Action (*)(CLI::App& app);

/// `--format` with the given choices (the first is the default) and `--json` as short for `--format json`.
void add_format(CLI::App& app, std::string& format, const std::vector<std::string>& choices);

/// Prints to stdout; a closed or full stdout becomes an Io error when the program ends.
void print(std::string_view text);

/// A message for the person at the terminal, on stderr.
void note(std::string_view text);

/// One line for each area that was not fully read; empty when all were.
std::string coverage_text(const snapshot::Meta& meta);
/// The same on stderr, where the answer itself has no place for it.
void note_coverage(const snapshot::Meta& meta);

/// The exit code of an answer that found nothing to complain of, given how much could be looked at.
int exit_for(const snapshot::Meta& meta);

}  // namespace tierline::viewer::cli
