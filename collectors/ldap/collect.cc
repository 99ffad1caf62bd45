#include "collectors/ldap/collect.h"

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <thread>
#include <unordered_map>

#include "collectors/ldap/connection.h"
#include "collectors/ldap/credentials.h"
#include "core/base/text.h"
#include "core/directory/distinguished_name.h"
#include "core/knowledge/collected_attributes.h"

namespace tierline::collectors::ldap {
namespace {

using snapshot::AttributeId;

/// What the server says about itself, [MS-ADTS] 3.1.1.3.2.
struct RootDse {
  std::string domain;
  std::string configuration;
  std::string schema;
  std::string host;
  std::uint64_t highest_usn = 0;
  std::vector<std::string> naming_contexts;
};

Result<RootDse> read_root(Connection& connection, const std::string& url) {
  RootDse root;
  const auto take = [&](const Entry& entry) -> Status {
    for (const Entry::Attribute& attribute : entry.attributes) {
      if (attribute.values.empty()) continue;
      const std::string_view value = as_text(attribute.values[0]);
      const auto is = [&](std::string_view name) { return equal_ascii_nocase(attribute.name, name); };
      if (is("defaultNamingContext")) root.domain = value;
      if (is("configurationNamingContext")) root.configuration = value;
      if (is("schemaNamingContext")) root.schema = value;
      if (is("dnsHostName")) root.host = value;
      if (is("highestCommittedUSN")) {
        std::from_chars(value.data(), value.data() + value.size(), root.highest_usn);
      }
      if (is("namingContexts")) {
        for (const ByteSpan context : attribute.values) root.naming_contexts.emplace_back(as_text(context));
      }
    }
    return {};
  };
  const Result<SearchOutcome> outcome = connection.search(
      {.base = "",
       .scope = Scope::Base,
       .attributes = {"defaultNamingContext", "configurationNamingContext", "schemaNamingContext", "dnsHostName",
                      "highestCommittedUSN", "namingContexts"}},
      take);
  if (!outcome) return outcome.error();
  if (root.domain.empty() || root.configuration.empty() || root.schema.empty()) {
    return Error{ErrorCode::Unavailable, "the server is no Active Directory domain controller", url};
  }
  return root;
}

/// "member;range=0-1499" taken apart, [MS-ADTS] 3.1.1.3.1.3.3. Absent options give an empty range.
struct RangedName {
  std::string_view name;
  std::uint64_t end = 0;
  bool ranged = false;
  bool last = false;
};

RangedName parse_range(std::string_view attribute) {
  RangedName parsed;
  const std::size_t option = attribute.find(';');
  parsed.name = attribute.substr(0, option);
  constexpr std::string_view kRange = ";range=";
  const std::size_t at = attribute.find(kRange);
  if (at == std::string_view::npos) return parsed;
  const std::string_view bounds = attribute.substr(at + kRange.size());
  const std::size_t dash = bounds.find('-');
  if (dash == std::string_view::npos) return parsed;
  parsed.ranged = true;
  const std::string_view end = bounds.substr(dash + 1);
  parsed.last = end == "*";
  if (!parsed.last) std::from_chars(end.data(), end.data() + end.size(), parsed.end);
  return parsed;
}

class Collection {
 public:
  Collection(const Options& options, snapshot::Builder& builder, const Progress& progress)
      : options_(options),
        builder_(builder),
        progress_(progress),
        run_deadline_(Clock::now() + options.run_deadline),
        dn_(builder.attribute("distinguishedName", directory::AttributeSyntax::DistinguishedName)) {
    for (const knowledge::CollectedAttribute& row : knowledge::collected_attributes()) {
      // Large groups come in ranges whether or not one asks ([MS-ADTS] 3.1.1.3.1.3.3); asking for the first one
      // makes every server do the same.
      names_.push_back(equal_ascii_nocase(row.name, "member") ? "member;range=0-1499" : std::string(row.name));
      ids_.emplace(fold_case(row.name), builder.attribute(row.name, row.syntax));
    }
    names_.emplace_back("nTSecurityDescriptor");
  }

  Status run(snapshot::Provenance& provenance) {
    provenance.source = "ldap";
    provenance.started = std::time(nullptr);
    RootDse root;
    Status status = with_retries([&](Connection& connection) -> Status {
      Result<RootDse> read = read_root(connection, options_.url);
      if (!read) return std::move(read).error();
      root = std::move(*read);
      provenance.reader = connection.identity();
      return {};
    });
    if (!status) return status;
    provenance.server = root.host;
    provenance.highest_usn = root.highest_usn;
    const std::string domain = directory::dns_domain(root.domain);
    const std::string forest = directory::dns_domain(root.configuration);
    if (status = read_context("objects", root.domain, domain); !status) return status;
    if (status = read_context("configuration", root.configuration, forest); !status) return status;
    if (status = read_context("schema", root.schema, forest); !status) return status;
    for (const std::string& context : root.naming_contexts) {
      if (context == root.domain || context == root.configuration || context == root.schema) continue;
      builder_.cover({.area = "naming context " + context, .domain = domain, .asked = false});
    }
    for (const char* const area : {"sysvol", "local groups", "sessions"}) {
      builder_.cover({.area = area, .domain = domain, .asked = false});
    }
    provenance.finished = std::time(nullptr);
    return {};
  }

 private:
  // Runs `work` on a connection, again on a new one when the server fails in a way that may pass. The pauses
  // double, with a random part, so that many collectors do not come back at once.
  template <class Work>
  Status with_retries(const Work& work) {
    std::chrono::milliseconds pause(500);
    std::mt19937 random(std::random_device{}());
    for (int attempt = 0;; ++attempt) {
      Status status;
      if (!connection_) {
        Result<Connection> opened = Connection::open(options_, run_deadline_);
        if (opened) {
          connection_ = std::make_unique<Connection>(std::move(*opened));
        } else {
          status = std::move(opened).error();
        }
      }
      if (status) status = work(*connection_);
      if (status) return {};
      connection_.reset();
      const bool may_pass =
          status.error().code == ErrorCode::Unavailable || status.error().code == ErrorCode::TryAgain;
      // Nobody who has not been reached yet is waited for: the address is wrong more often than the server
      // is restarting.
      const bool was_reached = reached_ || status.error().code == ErrorCode::TryAgain;
      if (!may_pass || !was_reached || attempt >= options_.retries || Clock::now() + pause > run_deadline_) {
        return status;
      }
      std::this_thread::sleep_for(pause + std::chrono::milliseconds(random() % 250));
      pause *= 2;
    }
  }

  Status read_context(const std::string& area, const std::string& base, const std::string& domain) {
    SearchOutcome outcome;
    Status status = with_retries([&](Connection& connection) -> Status {
      // A second attempt begins anew; the builder keeps each object once.
      read_ = 0;
      without_descriptor_ = 0;
      Result<SearchOutcome> searched =
          connection.search({.base = base, .attributes = names_, .paged = true, .descriptors = true},
                            [&](const Entry& entry) { return take(connection, area, entry); });
      if (!searched) return std::move(searched).error();
      outcome = *searched;
      return {};
    });
    if (!status) return status;
    progress_(area, read_);
    builder_.cover({.area = area,
                    .domain = domain,
                    .read = read_,
                    .missing = outcome.limited.empty() ? 0u : 1u,
                    .reason = outcome.limited});
    builder_.cover({.area = "security descriptors of " + area,
                    .domain = domain,
                    .read = read_ - without_descriptor_,
                    .missing = without_descriptor_,
                    .reason = without_descriptor_ == 0 ? "" : "not readable by this account"});
    return {};
  }

  Status take(Connection& connection, const std::string& area, const Entry& entry) {
    reached_ = true;
    builder_.begin_object();
    builder_.value(dn_, entry.dn);
    bool has_descriptor = false;
    for (const Entry::Attribute& attribute : entry.attributes) {
      if (attribute.values.empty()) continue;
      if (equal_ascii_nocase(attribute.name, "nTSecurityDescriptor")) {
        builder_.descriptor(attribute.values[0]);
        has_descriptor = true;
        continue;
      }
      const RangedName ranged = parse_range(attribute.name);
      const AttributeId id = id_of(ranged.name);
      if (id == snapshot::kNoAttribute) continue;
      for (const ByteSpan value : attribute.values) builder_.value(id, value);
      if (ranged.ranged && !ranged.last) {
        Status status = read_rest(connection, std::string(entry.dn), std::string(ranged.name), id, ranged.end + 1);
        if (!status) {
          builder_.abandon_object();
          return status;
        }
      }
    }
    builder_.end_object();
    ++read_;
    if (!has_descriptor) ++without_descriptor_;
    constexpr std::uint64_t kReportEvery = 1000;
    if (read_ % kReportEvery == 0) progress_(area, read_);
    return {};
  }

  // The values after the first range, [MS-ADTS] 3.1.1.3.1.3.3: asked for until the server says "-*".
  Status read_rest(Connection& connection, const std::string& dn, const std::string& name, AttributeId id,
                   std::uint64_t begin) {
    bool last = false;
    while (!last) {
      const std::uint64_t asked = begin;
      Result<SearchOutcome> outcome = connection.search(
          {.base = dn, .scope = Scope::Base, .attributes = {name + ";range=" + std::to_string(begin) + "-*"}},
          [&](const Entry& entry) -> Status {
            for (const Entry::Attribute& attribute : entry.attributes) {
              const RangedName ranged = parse_range(attribute.name);
              if (!equal_ascii_nocase(ranged.name, name) || !ranged.ranged) continue;
              for (const ByteSpan value : attribute.values) builder_.value(id, value);
              last = ranged.last;
              begin = ranged.end + 1;
            }
            return {};
          });
      if (!outcome) return std::move(outcome).error();
      if (!last && begin <= asked) {
        return Error{ErrorCode::Unavailable, "the server does not go on with the values of " + name, visible(dn)};
      }
    }
    return {};
  }

  AttributeId id_of(std::string_view name) {
    const auto found = ids_.find(fold_case(name));
    return found == ids_.end() ? snapshot::kNoAttribute : found->second;
  }

  const Options& options_;
  snapshot::Builder& builder_;
  const Progress& progress_;
  Clock::time_point run_deadline_;
  std::unique_ptr<Connection> connection_;
  AttributeId dn_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, AttributeId> ids_;  ///< by lower-case name
  std::uint64_t read_ = 0;
  std::uint64_t without_descriptor_ = 0;
  bool reached_ = false;
};

}  // namespace

Status collect(const Options& options, snapshot::Builder& builder, snapshot::Provenance& provenance,
               const Progress& progress) {
  // A user's own LDAP settings must not weaken ours (TLS_REQCERT never, REFERRALS on).
  ::setenv("LDAPNOINIT", "1", 1);
  const bool tls = options.start_tls || options.url.starts_with("ldaps://");
  if (options.bind == BindMethod::Simple && !tls) {
    return Error{ErrorCode::Usage, "a password is sent only over TLS: use ldaps:// or --starttls", options.url};
  }
  if (!options.keytab.empty()) {
    if (Status status = use_keytab(options.keytab, options.principal); !status) return status;
  }
  return Collection(options, builder, progress).run(provenance);
}

}  // namespace tierline::collectors::ldap
