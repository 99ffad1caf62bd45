#include "collectors/ldap/collect.h"

#include <cstdlib>
#include <ctime>
#include <optional>
#include <set>
#include <unordered_map>

#include "collectors/ldap/connection.h"
#include "collectors/ldap/credentials.h"
#include "collectors/ldap/foreign_members.h"
#include "collectors/ldap/ranges.h"
#include "collectors/ldap/root_dse.h"
#include "collectors/ldap/server_address.h"
#include "collectors/ldap/session.h"
#include "core/base/text.h"
#include "core/directory/distinguished_name.h"
#include "core/directory/guid.h"
#include "core/knowledge/collected_attributes.h"
#include "core/knowledge/time_to_live.h"

namespace tierline::collectors::ldap {
namespace {

using snapshot::AttributeId;

class Collection {
 public:
  Collection(const Options& options, snapshot::Builder& builder, const Progress& progress)
      : options_(options),
        builder_(builder),
        progress_(progress),
        session_(options),
        dn_(builder.attribute("distinguishedName", directory::AttributeSyntax::DistinguishedName)) {
    for (const knowledge::CollectedAttribute& row : knowledge::collected_attributes()) {
      // Large groups come in ranges whether or not one asks; asking for the first one makes every server do the
      // same.
      names_.push_back(equal_ascii_nocase(row.name, "member") ? "member;range=0-1499"
                                                              : std::string(row.name));
      const AttributeId id = builder.attribute(row.name, row.syntax);
      ids_.emplace(row.name, id);
      if (row.syntax == directory::AttributeSyntax::DistinguishedName) links_.insert(id);
    }
    names_.emplace_back("nTSecurityDescriptor");
    member_ = id_of("member");
    member_ttl_ = builder.attribute(knowledge::kMemberTtl, directory::AttributeSyntax::Text);
  }

  Status run(snapshot::Provenance& provenance) {
    provenance.source = "ldap";
    provenance.started = std::time(nullptr);
    Status status = session_.with_retries([&](Connection& connection) -> Status {
      Result<RootDse> read = read_root_dse(connection, options_.url);
      if (!read) return std::move(read).error();
      root_ = std::move(*read);
      provenance.reader = connection.identity();
      return {};
    });
    if (!status) return status;
    provenance.server = root_.host;
    provenance.highest_usn = root_.highest_usn;
    foreign_.emplace(root_);
    other_contexts_.insert(root_.naming_contexts.begin(), root_.naming_contexts.end());
    const std::string domain = directory::dns_domain(root_.domain);
    const std::string forest = directory::dns_domain(root_.configuration);
    if (status = read_context("objects", root_.domain, domain); !status) return status;
    if (status = foreign_->resolve(session_, builder_, domain); !status) return status;
    if (status = read_context("configuration", root_.configuration, forest); !status) return status;
    if (status = read_context("schema", root_.schema, forest); !status) return status;
    for (const std::string& context : other_contexts_) {
      if (context == root_.domain || context == root_.configuration || context == root_.schema) continue;
      builder_.cover({.area = "naming context " + context, .domain = domain, .asked = false});
    }
    for (const char* const area : {"sysvol", "local groups", "sessions"}) {
      builder_.cover({.area = area, .domain = domain, .asked = false});
    }
    provenance.finished = std::time(nullptr);
    return {};
  }

 private:
  // (objectClass=*) is the one filter: every object is wanted, for its descriptor, and a subtree search with it
  // walks the tree's own index.
  Status read_context(const std::string& area, const std::string& base, const std::string& domain) {
    SearchOutcome outcome;
    Status status = session_.with_retries([&](Connection& connection) -> Status {
      // A second attempt begins anew; the builder keeps each object once.
      read_ = 0;
      without_descriptor_ = 0;
      timed_ = 0;
      foreign_->forget_all();
      Result<SearchOutcome> searched = connection.search(
          {.base = base, .attributes = names_, .paged = true, .descriptors = true, .links = link_form()},
          [&](const Entry& entry) { return take(connection, area, entry); });
      if (!searched) return std::move(searched).error();
      outcome = std::move(*searched);
      return {};
    });
    if (!status) return status;
    progress_(area, read_);
    for (const std::string& url : outcome.references) note_reference(url);
    if (outcome.is_base_gone) outcome.limited = "this account may not see it";
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
    if (root_.tells_time_to_live && base == root_.domain)
      builder_.cover({.area = std::string(knowledge::kTtlArea), .domain = domain, .read = timed_});
    return {};
  }

  // A reference ([MS-ADTS] 3.1.1.4.6) is ldap://HOST/DN: a part of the tree that we were not asked to read.
  void note_reference(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) return;
    const std::size_t slash = url.find('/', scheme + 3);
    if (slash == std::string_view::npos) return;
    const std::string_view dn = url.substr(slash + 1);
    other_contexts_.emplace(dn.substr(0, dn.find('?')));
  }

  Status take(Connection& connection, const std::string& area, const Entry& entry) {
    bool has_descriptor = false;
    bool has_foreign_members = false;
    builder_.begin_object();
    builder_.value(dn_, entry.dn);
    for (const Entry::Attribute& attribute : entry.attributes) {
      if (attribute.values.empty()) continue;
      if (equal_ascii_nocase(attribute.name, "nTSecurityDescriptor")) {
        builder_.descriptor(attribute.values[0]);
        has_descriptor = true;
        continue;
      }
      const Result<RangedName> range = parse_ranged_name(attribute.name);
      if (!range) return abandon(range.error());
      const AttributeId id = id_of(range->name);
      if (id == snapshot::kNoAttribute) continue;
      const auto take_value = [&](ByteSpan value) {
        if (const auto timed = knowledge::parse_timed_link(as_text(value)); timed && links_.contains(id)) {
          if (id == member_) {
            builder_.value(member_ttl_, value);
            ++timed_;
          }
          value = as_bytes(timed->dn);
        }
        builder_.value(id, value);
        if (id == member_ && !has_foreign_members) has_foreign_members = foreign_->is_foreign(as_text(value));
      };
      for (const ByteSpan value : attribute.values) take_value(value);
      if (range->is_last) continue;
      const Result<bool> there = read_values(connection, object_name(entry), std::string(range->name),
                                             range->end + 1, link_form(), take_value);
      if (!there) return abandon(there.error());
      if (!*there) {
        builder_.abandon_object();  // deleted since the search saw it
        return {};
      }
    }
    builder_.end_object();
    if (has_foreign_members) foreign_->remember(object_name(entry));
    ++read_;
    if (!has_descriptor) ++without_descriptor_;
    constexpr std::uint64_t kReportEvery = 1000;
    if (read_ % kReportEvery == 0) progress_(area, read_);
    return {};
  }

  LinkForm link_form() const { return root_.tells_time_to_live ? LinkForm::Timed : LinkForm::Plain; }

  // By its GUID, an object is found again wherever it has been moved since.
  static std::string object_name(const Entry& entry) {
    for (const Entry::Attribute& attribute : entry.attributes) {
      if (attribute.values.empty() || !equal_ascii_nocase(attribute.name, "objectGUID")) continue;
      if (const auto guid = directory::Guid::from_bytes(attribute.values[0]))
        return "<GUID=" + guid->to_string() + ">";
    }
    return std::string(entry.dn);
  }

  Status abandon(Error error) {
    builder_.abandon_object();
    return error;
  }

  // Servers spell the names as the schema does, and so does the table.
  AttributeId id_of(std::string_view name) const {
    if (const auto found = ids_.find(name); found != ids_.end()) return found->second;
    for (const auto& [known, id] : ids_) {
      if (equal_ascii_nocase(known, name)) return id;
    }
    return snapshot::kNoAttribute;
  }

  const Options& options_;
  snapshot::Builder& builder_;
  const Progress& progress_;
  Session session_;
  RootDse root_;
  std::optional<ForeignMembers> foreign_;  ///< once the root is known
  AttributeId dn_;
  AttributeId member_ = snapshot::kNoAttribute;
  AttributeId member_ttl_ = snapshot::kNoAttribute;
  std::vector<std::string> names_;
  std::unordered_map<std::string_view, AttributeId> ids_;
  std::set<AttributeId> links_;           ///< whose values are DNs
  std::set<std::string> other_contexts_;  ///< named by the server; not read
  std::uint64_t read_ = 0;
  std::uint64_t without_descriptor_ = 0;
  std::uint64_t timed_ = 0;  ///< members for a time
};

Status check(const Options& options) {
  const Result<ServerAddress> address = parse_address(options.url);
  if (!address) return address.error();
  if (address->tls && options.start_tls) {
    return Error{ErrorCode::Usage, "ldaps:// is TLS already: leave out --starttls", address->url()};
  }
  if (options.bind == BindMethod::Simple && !address->tls && !options.start_tls) {
    return Error{ErrorCode::Usage, "a password is sent only over TLS: use ldaps:// or --starttls",
                 address->url()};
  }
  // What is wrong with a secret is told before anything goes out; it is read again for each connection.
  if (options.bind == BindMethod::Simple) {
    const Result<Password> password = Password::read(options.password_file);
    return password ? Status() : Status(password.error());
  }
  return options.keytab.empty() ? Status() : check_keytab(options.keytab);
}

}  // namespace

Status collect(const Options& options, snapshot::Builder& builder, snapshot::Provenance& provenance,
               const Progress& progress) {
  if (Status status = check(options); !status) return status;
  // A user's own LDAP settings must not weaken ours (TLS_REQCERT never, REFERRALS on).
  ::setenv("LDAPNOINIT", "1", 1);
  return Collection(options, builder, progress).run(provenance);
}

}  // namespace tierline::collectors::ldap
