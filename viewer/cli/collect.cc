// collect URL -o SNAP: reads a live directory.

#include <fmt/format.h>

#include <unistd.h>
#include <csignal>

#include <map>
#include <memory>

#include "collectors/ldap/collect.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/snapshot/snapshot.h"
#include "viewer/cli/commands.h"

namespace tierline::viewer::cli {
namespace {

using collectors::ldap::BindMethod;

struct Options {
  collectors::ldap::Options ldap;
  std::string output;
  unsigned operation_seconds = 60;
  double run_minutes = 240;
};

// One line that is written over, and only where a person looks at it.
void show_progress(std::string_view area, std::uint64_t objects) {
  if (::isatty(STDERR_FILENO) == 0) return;
  const std::string line = fmt::format("\rreading {}: {} objects\x1b[K", area, objects);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void end_progress() {
  if (::isatty(STDERR_FILENO) != 0) std::fputs("\r\x1b[K", stderr);
}

Status check(const Options& options) {
  const collectors::ldap::Options& ldap = options.ldap;
  const bool is_simple = ldap.bind == BindMethod::Simple;
  if (is_simple == ldap.bind_name.empty() || is_simple == ldap.password_file.empty()) {
    return Error{ErrorCode::Usage, "--bind simple, --bind-name and --password-file go together"};
  }
  if (ldap.keytab.empty() != ldap.principal.empty()) {
    return Error{ErrorCode::Usage, "--keytab and --principal go together"};
  }
  if (is_simple && !ldap.keytab.empty()) {
    return Error{ErrorCode::Usage, "--keytab is for Kerberos, not for --bind simple"};
  }
  // Better now than after hours of reading.
  const Result<AtomicFile> place = AtomicFile::create(options.output);
  return place ? Status() : Status(place.error());
}

Result<int> run(Options& options) {
  // Writing to a connection that the server has broken off must be an error to report, not the end of the program;
  // libldap does not see to that.
  std::signal(SIGPIPE, SIG_IGN);

  if (Status checked = check(options); !checked) return std::move(checked).error();
  options.ldap.operation_deadline = std::chrono::seconds(options.operation_seconds);
  options.ldap.run_deadline = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::duration<double, std::ratio<60>>(options.run_minutes));
  snapshot::Builder builder;
  snapshot::Provenance provenance{.tool = "tierline", .tool_version = TIERLINE_VERSION};
  Status status = collectors::ldap::collect(options.ldap, builder, provenance, show_progress);
  end_progress();
  if (!status) return std::move(status).error();
  const std::size_t objects = builder.object_count();
  if (status = builder.write(options.output, provenance); !status) return std::move(status).error();
  const Result<snapshot::File> written = snapshot::File::open(options.output);
  if (!written) return written.error();
  note(fmt::format("{}: {} objects from {}", options.output, objects, visible(provenance.server)));
  note_coverage(written->meta());
  return exit_for(written->meta());
}

}  // namespace

Action declare_collect(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("URL", options->ldap.url, "ldap://HOST or ldaps://HOST")->required();
  app.add_option("-o,--output", options->output, "the snapshot to write")->required();
  const std::map<std::string, BindMethod> methods = {
      {"spnego", BindMethod::GssSpnego}, {"gssapi", BindMethod::Gssapi}, {"simple", BindMethod::Simple}};
  app.add_option_function<std::string>(
         "--bind", [options, methods](const std::string& method) { options->ldap.bind = methods.at(method); },
         "how to log on")
      ->check(CLI::IsMember({"spnego", "gssapi", "simple"}))
      ->default_str("spnego");
  app.add_flag("--starttls", options->ldap.start_tls, "secure ldap:// by TLS");
  app.add_option("--bind-name", options->ldap.bind_name, "who logs on, for --bind simple");
  app.add_option("--password-file", options->ldap.password_file, "file with the password, mode 600");
  app.add_option("--keytab", options->ldap.keytab, "file with Kerberos keys, for unattended runs");
  app.add_option("--principal", options->ldap.principal, "whose keys in the keytab");
  app.add_option("--ca-file", options->ldap.ca_file, "certificate authorities (PEM) to trust for TLS");
  app.add_option("--timeout", options->operation_seconds, "seconds without an answer before giving up")
      ->check(CLI::Range(1u, 86400u))
      ->capture_default_str();
  app.add_option("--deadline", options->run_minutes, "minutes for the whole collection, such as 0.5")
      ->check(CLI::Range(0.01, 10080.0))
      ->capture_default_str();
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
