#include <rapidjson/document.h>
#include <rapidjson/filewritestream.h>
#include <rapidjson/writer.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/base/text.h"
#include "core/derive/derive.h"
#include "core/knowledge/user_account_control.h"
#include "queries/principals.h"
#include "tests/bench/bundled_directory.h"
#include "tests/bench/forest.h"
#include "tests/bench/forest_descriptors.h"
#include "tests/bench/forest_plan.h"
#include "viewer/export/sharphound.h"

namespace tierline::bench {
namespace {

namespace uac = knowledge::uac;

using directory::Guid;
using directory::Sid;

// What was asked for, CollectionMethod of SharpHound: the directory, sessions and local groups.
constexpr std::uint64_t kMethods =
    0x1 | 0x20 | 0x40 | 0x80 | 0x200 | 0x2000 | 0x8 | 0x2 | 0x100 | 0x1000 | 0x4000;

/// One document, written as it goes.
class Document {
 public:
  using Json = rapidjson::Writer<rapidjson::FileWriteStream>;

  Document(const std::string& path, std::string type)
      : path_(path), file_(std::fopen(path.c_str(), "wb"), &std::fclose), type_(std::move(type)) {
    if (!file_) return;
    stream_ = std::make_unique<rapidjson::FileWriteStream>(file_.get(), buffer_.data(), buffer_.size());
    json_ = std::make_unique<Json>(*stream_);
    json_->StartObject();
    json_->Key("data");
    json_->StartArray();
  }

  bool is_open() const { return file_ != nullptr; }
  Json& next() {
    ++count_;
    return *json_;
  }

  Status close() {
    json_->EndArray();
    json_->Key("meta");
    json_->StartObject();
    json_->Key("methods");
    json_->Uint64(kMethods);
    json_->Key("type");
    json_->String(type_.data(), static_cast<rapidjson::SizeType>(type_.size()));
    json_->Key("count");
    json_->Uint64(count_);
    json_->Key("version");
    json_->Uint(6);
    json_->EndObject();
    json_->EndObject();
    stream_->Flush();
    if (std::ferror(file_.get()) != 0 || std::fflush(file_.get()) != 0) {
      return Error{ErrorCode::Io, "cannot write " + path_};
    }
    return {};
  }

 private:
  std::string path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::string type_;
  std::vector<char> buffer_ = std::vector<char>(1u << 20);
  std::unique_ptr<rapidjson::FileWriteStream> stream_;
  std::unique_ptr<Json> json_;
  std::uint64_t count_ = 0;
};

class CollectionWriter {
 public:
  CollectionWriter(const Forest& forest, const snapshot::Snapshot& base, std::string folder)
      : plan_(forest),
        base_(base),
        descriptors_(plan_, base),
        folder_(std::move(folder)),
        domain_sid_(plan_.domain_sid().to_string()),
        domain_name_(upper_case(kDnsName)) {}

  Status run() {
    if (Status status = write_base(); !status) return status;
    Status status = write("ous", "ous", [this](Document& document) {
      for (std::size_t i = 0; i < plan_.units(); ++i) write_unit(document.next(), i);
    });
    if (!status) return status;
    status = write("gpos", "gpos", [this](Document& document) {
      for (std::size_t i = 0; i < plan_.policies(); ++i) write_policy(document.next(), i);
    });
    if (!status) return status;
    status = write("groups", "groups", [this](Document& document) {
      for (std::size_t i = 0; i < plan_.groups(); ++i) write_group(document.next(), i);
    });
    if (!status) return status;
    status = write("users", "users", [this](Document& document) {
      for (std::size_t i = 0; i < plan_.users(); ++i) write_account(document.next(), i);
      for (std::size_t i = 0; i < plan_.administrators(); ++i) {
        write_privileged(document.next(), plan_.administrator_name(i), plan_.administrator_sid(i), true,
                         descriptors_.rights_of_protected());
      }
      for (std::size_t i = 0; i < kMirrors; ++i) {
        write_privileged(document.next(), plan_.mirror_name(i), plan_.mirror_sid(i), false,
                         descriptors_.rights_of_mirror(i));
      }
    });
    if (!status) return status;
    return write("computers", "computers", [this](Document& document) {
      for (std::size_t i = plan_.users(); i < plan_.accounts(); ++i) write_account(document.next(), i);
    });
  }

 private:
  using Json = Document::Json;

  template <class Fill>
  Status write(const std::string& name, const std::string& type, const Fill& fill) {
    const std::string path = folder_ + "/" + name + ".json";
    Document document(path, type);
    if (!document.is_open()) return Error{ErrorCode::CannotCreate, "cannot create " + path};
    fill(document);
    return document.close();
  }

  // -- the bundled directory --------------------------------------------------------------------------------------

  // As our own export has it, but for what only that says and nobody else's collector does.
  Status write_base() {
    const derive::Derived derived = derive::derive(base_);
    const auto targets = queries::tier_zero(derived.graph);
    for (const viewer::ExportedFile& file :
         viewer::sharphound({base_, derived.graph, derived.meta, targets, "Tier Zero"})) {
      rapidjson::Document parsed;
      parsed.Parse(file.content.c_str(), file.content.size());
      const std::string type = file.name.substr(0, file.name.find('.'));
      Status status = write("domain_" + type, type, [&](Document& document) {
        for (rapidjson::Value& element : parsed["data"].GetArray()) {
          element.RemoveMember("TierlineEdges");
          element.RemoveMember("TierlineEdgesInto");
          if (element["ObjectIdentifier"].GetString() == domain_sid_ + "-512") {
            add_administrators(element["Members"], parsed.GetAllocator());
          }
          if (type == "domains") add_mirrors(element["Aces"], parsed.GetAllocator());
          element.Accept(document.next());
        }
      });
      if (!status) return status;
    }
    return {};
  }

  void add_administrators(rapidjson::Value& members, rapidjson::Document::AllocatorType& allocator) const {
    for (std::size_t i = 0; i < plan_.administrators(); ++i) {
      const std::string sid = plan_.administrator_sid(i).to_string();
      rapidjson::Value member(rapidjson::kObjectType);
      member.AddMember("ObjectIdentifier", rapidjson::Value(sid.c_str(), allocator), allocator);
      member.AddMember("ObjectType", "User", allocator);
      members.PushBack(member, allocator);
    }
  }

  void add_mirrors(rapidjson::Value& aces, rapidjson::Document::AllocatorType& allocator) const {
    for (std::size_t i = 0; i < kMirrors; ++i) {
      const std::string sid = plan_.mirror_sid(i).to_string();
      for (const char* right : {"GetChanges", "GetChangesAll"}) {
        rapidjson::Value ace(rapidjson::kObjectType);
        ace.AddMember("PrincipalSID", rapidjson::Value(sid.c_str(), allocator), allocator);
        ace.AddMember("PrincipalType", "User", allocator);
        ace.AddMember("RightName", rapidjson::StringRef(right), allocator);
        ace.AddMember("IsInherited", false, allocator);
        aces.PushBack(ace, allocator);
      }
    }
  }

  // -- parts of an element ----------------------------------------------------------------------------------------

  static void text(Json& json, const char* key, std::string_view value) {
    json.Key(key);
    json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }
  static void flag(Json& json, const char* key, bool value) {
    json.Key(key);
    json.Bool(value);
  }
  static void number(Json& json, const char* key, std::int64_t value) {
    json.Key(key);
    json.Int64(value);
  }
  static void other(Json& json, std::string_view id, const char* kind) {
    json.StartObject();
    text(json, "ObjectIdentifier", id);
    text(json, "ObjectType", kind);
    json.EndObject();
  }
  static std::string written(const Guid& guid) { return upper_case(guid.to_string()); }

  /// Leaves the properties open for more.
  void begin(Json& json, const std::string& id, const std::string& name, const std::string& dn) const {
    json.StartObject();
    text(json, "ObjectIdentifier", id);
    json.Key("Properties");
    json.StartObject();
    text(json, "name", name);
    text(json, "domain", domain_name_);
    text(json, "domainsid", domain_sid_);
    text(json, "distinguishedname", upper_case(dn));
  }

  struct Container {
    std::string id;
    const char* kind;
  };
  Container unit(std::optional<std::size_t> unit) const {
    if (!unit) return {domain_sid_, "Domain"};
    return {written(plan_.guid('o', *unit)), "OU"};
  }
  Container container(const std::string& name) const {
    const snapshot::AttributeId guid = base_.attribute("objectGUID");
    for (snapshot::ObjectIndex i = 0; i < base_.object_count(); ++i) {
      const snapshot::Object object = base_.object(i);
      if (object.dn() == name + kHead) {
        return {written(*Guid::from_bytes(object.values(guid)[0].bytes)), "Container"};
      }
    }
    return {};
  }

  /// Closes the properties and leaves the element open for more.
  void rights(Json& json, const Container& place, const std::vector<JudgedRight>& rights,
              bool is_protected) const {
    json.EndObject();
    json.Key("Aces");
    json.StartArray();
    for (const JudgedRight& right : rights) {
      json.StartObject();
      text(json, "PrincipalSID", right.holder);
      text(json, "PrincipalType", right.kind);
      text(json, "RightName", right.right);
      flag(json, "IsInherited", right.is_inherited);
      text(json, "InheritanceHash", "");
      json.EndObject();
    }
    json.EndArray();
    flag(json, "IsDeleted", false);
    flag(json, "IsACLProtected", is_protected);
    json.Key("ContainedBy");
    other(json, place.id, place.kind);
    text(json, "DomainSID", domain_sid_);
  }

  // -- elements ---------------------------------------------------------------------------------------------------

  void write_unit(Json& json, std::size_t number) const {
    begin(json, unit(number).id, upper_case(plan_.unit_name(number)) + "@" + domain_name_,
          plan_.unit_dn(number));
    flag(json, "blocksinheritance", false);
    rights(json, unit(plan_.parent_unit(number)), descriptors_.rights(ObjectKind::Unit, number, number),
           false);
    json.Key("Links");
    json.StartArray();
    if (const auto policy = plan_.linked_policy(number)) {
      json.StartObject();
      flag(json, "IsEnforced", false);
      text(json, "GUID", written(plan_.guid('p', *policy)));
      json.EndObject();
    }
    json.EndArray();
    json.EndObject();
  }

  void write_policy(Json& json, std::size_t policy) const {
    const std::string guid = written(plan_.guid('p', policy));
    begin(json, guid, "SETTINGS " + std::to_string(policy) + "@" + domain_name_, plan_.policy_dn(policy));
    text(json, "gpcpath", "\\\\" + domain_name_ + "\\SYSVOL\\" + domain_name_ + "\\POLICIES\\{" + guid + "}");
    rights(json, policies_, descriptors_.rights_of_policy(policy), true);
    json.EndObject();
  }

  void write_group(Json& json, std::size_t group) const {
    const std::size_t place = plan_.unit_of_group(group);
    const std::string name = plan_.group_name(group);
    begin(json, plan_.group_sid(group).to_string(), upper_case(name) + "@" + domain_name_,
          plan_.group_dn(group));
    text(json, "samaccountname", name);
    flag(json, "admincount", false);
    number(json, "whencreated", kAtFirst);
    rights(json, unit(place), descriptors_.rights(ObjectKind::Group, group, place), false);
    json.Key("Members");
    json.StartArray();
    plan_.members(
        group,
        [&](std::size_t account) {
          other(json, plan_.account_sid(account).to_string(),
                plan_.is_computer(account) ? "Computer" : "User");
        },
        [&](std::size_t inner) { other(json, plan_.group_sid(inner).to_string(), "Group"); });
    json.EndArray();
    json.EndObject();
  }

  void write_account(Json& json, std::size_t number) const {
    const std::size_t place = plan_.unit_of_account(number);
    const PlannedAccount account = plan_.account(number);
    const bool is_computer = plan_.is_computer(number);
    begin(json, plan_.account_sid(number).to_string(),
          upper_case(is_computer ? account.host : account.account_name + "@" + domain_name_),
          plan_.account_dn(number));
    write_properties(json, number, account);
    const ObjectKind kind = is_computer ? ObjectKind::Computer : ObjectKind::User;
    rights(
        json, unit(place),
        account.is_protected ? descriptors_.rights_of_protected() : descriptors_.rights(kind, number, place),
        account.is_protected);
    text(json, "PrimaryGroupSID", domain_sid_ + (is_computer ? "-515" : "-513"));
    flag(json, "UnconstrainedDelegation", (account.control & uac::kTrustedForDelegation) != 0);
    for (const char* list : {"AllowedToDelegate", "HasSIDHistory", "SPNTargets"}) {
      json.Key(list);
      json.StartArray();
      json.EndArray();
    }
    if (is_computer) write_host(json, number, account);
    json.EndObject();
  }

  void write_properties(Json& json, std::size_t account, const PlannedAccount& planned) const {
    const auto bit = [&](std::int64_t one) { return (planned.control & one) != 0; };
    text(json, "samaccountname", planned.account_name);
    flag(json, "enabled", !bit(uac::kAccountDisabled));
    flag(json, "passwordnotreqd", bit(uac::kPasswordNotRequired));
    flag(json, "pwdneverexpires", bit(uac::kPasswordNeverExpires));
    flag(json, "dontreqpreauth", bit(uac::kDontRequirePreauth));
    flag(json, "unconstraineddelegation", bit(uac::kTrustedForDelegation));
    flag(json, "trustedtoauth", false);
    flag(json, "sensitive", false);
    number(json, "whencreated", planned.created);
    number(json, "pwdlastset", planned.password_set);
    number(json, "lastlogon", planned.last_logon);
    number(json, "lastlogontimestamp", planned.last_logon == 0 ? -1 : planned.last_logon);
    json.Key("serviceprincipalnames");
    json.StartArray();
    for (const std::string& name : planned.service_names) {
      json.String(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    }
    json.EndArray();
    if (!planned.description.empty()) text(json, "description", planned.description);
    if (plan_.is_computer(account)) {
      text(json, "operatingsystem", planned.operating_system);
      flag(json, "haslaps", false);
      return;
    }
    flag(json, "admincount", planned.is_protected);
    flag(json, "hasspn", !planned.service_names.empty());
    if (planned.title.empty()) return;
    text(json, "displayname", planned.name);
    text(json, "email", planned.account_name + "@corp.example");
    text(json, "title", planned.title);
  }

  /// The end of an answer of a host.
  static void outcome(Json& json) {
    flag(json, "Collected", true);
    json.Key("FailureReason");
    json.Null();
    json.EndObject();
  }

  void write_host(Json& json, std::size_t computer, const PlannedAccount& account) const {
    const std::string self = plan_.account_sid(computer).to_string();
    flag(json, "IsDC", false);
    json.Key("Sessions");
    json.StartObject();
    json.Key("Results");
    json.StartArray();
    const auto session = [&](const Sid& user) {
      json.StartObject();
      text(json, "UserSID", user.to_string());
      text(json, "ComputerSID", self);
      json.EndObject();
    };
    for (const std::size_t user : plan_.sessions(computer)) session(plan_.account_sid(user));
    if (const auto one = plan_.administrator_session(computer)) session(plan_.administrator_sid(*one));
    json.EndArray();
    outcome(json);
    json.Key("LocalGroups");
    json.StartArray();
    if (plan_.has_local_groups(computer)) write_local_groups(json, computer, account);
    json.EndArray();
  }

  void write_local_groups(Json& json, std::size_t computer, const PlannedAccount& account) const {
    const auto begin_group = [&](const char* rid, const char* name) {
      json.StartObject();
      text(json, "ObjectIdentifier", plan_.account_sid(computer).to_string() + rid);
      text(json, "Name", name + upper_case(account.host));
      json.Key("Results");
      json.StartArray();
    };
    const auto end_group = [&] {
      json.EndArray();
      json.Key("LocalNames");
      json.StartArray();
      json.EndArray();
      outcome(json);
    };
    begin_group("-544", "ADMINISTRATORS@");
    other(json, domain_sid_ + "-512", "Group");
    for (const std::size_t group : plan_.local_administrators(computer)) {
      other(json, plan_.group_sid(group).to_string(), "Group");
    }
    if (const auto one = plan_.local_administrator(computer)) {
      other(json, plan_.account_sid(*one).to_string(), "User");
    }
    end_group();
    if (const auto group = plan_.remote_users(computer)) {
      begin_group("-555", "REMOTE DESKTOP USERS@");
      other(json, plan_.group_sid(*group).to_string(), "Group");
      end_group();
    }
  }

  void write_privileged(Json& json, const std::string& name, const Sid& sid, bool is_protected,
                        const std::vector<JudgedRight>& judged) const {
    begin(json, sid.to_string(), upper_case(name) + "@" + domain_name_, "CN=" + name + ",CN=Users," + kHead);
    text(json, "samaccountname", name);
    flag(json, "enabled", true);
    flag(json, "admincount", is_protected);
    number(json, "whencreated", kAtFirst);
    number(json, "pwdlastset", kAtFirst);
    rights(json, users_, judged, is_protected);
    text(json, "PrimaryGroupSID", domain_sid_ + "-513");
    json.EndObject();
  }

  const ForestPlan plan_;
  const snapshot::Snapshot& base_;
  ForestDescriptors descriptors_;
  std::string folder_;
  std::string domain_sid_;
  std::string domain_name_;
  Container users_ = container("CN=Users,");
  Container policies_ = container("CN=Policies,CN=System,");
};

}  // namespace

Status write_forest_collection(const Forest& forest, const std::string& folder) {
  const Result<snapshot::Snapshot> base = bundled_directory();
  if (!base) return base.error();
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return Error{ErrorCode::CannotCreate, "cannot create " + folder + ": " + failed.message()};
  return CollectionWriter(forest, *base, folder).run();
}

}  // namespace tierline::bench
