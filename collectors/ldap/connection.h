#pragma once

// One bound connection to a directory server. This is the only place that talks to the network, and all it
// can send is bind, search, abandon, unbind and StartTLS.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "collectors/ldap/options.h"
#include "core/base/bytes.h"
#include "core/base/result.h"

namespace tierline::collectors::ldap {

using Clock = std::chrono::steady_clock;

/// One entry of a search result; views are valid only during the call that hands it over.
struct Entry {
  struct Attribute {
    std::string_view name;  ///< with options, such as "member;range=0-1499"
    std::vector<ByteSpan> values;
  };
  std::string_view dn;
  std::vector<Attribute> attributes;
};

enum class Scope : int { Base = 0, Subtree = 2 };

/// How a server writes values that are DNs.
enum class LinkForm : std::uint8_t {
  Plain,
  Extended,  ///< <GUID=...>;<SID=...>;DN, [MS-ADTS] 3.1.1.3.4.1.5
  Timed,     ///< <TTL=SECONDS,DN> for those that end by themselves, [MS-ADTS] 3.1.1.3.4.1.36
};

/// What a server lists when it can write them as Timed.
inline constexpr const char* kLinkTtlControl = "1.2.840.113556.1.4.2309";

struct SearchRequest {
  std::string base;
  Scope scope = Scope::Subtree;
  std::string filter = "(objectClass=*)";
  std::vector<std::string> attributes;
  bool paged = false;
  /// Asks for owner, group and DACL in nTSecurityDescriptor. Without saying so, an account that may not read
  /// the SACL gets no descriptor at all ([MS-ADTS] 3.1.1.3.4.1.11).
  bool descriptors = false;
  LinkForm links = LinkForm::Plain;
};

/// What a search did besides handing over entries.
struct SearchOutcome {
  std::uint64_t entries = 0;
  std::vector<std::string> references;  ///< URLs of parts that other servers hold; never followed
  std::string limited;                  ///< why the server stopped early; empty when it did not
  bool is_base_gone = false;            ///< there is no such object, or none that this account may see
};

using TakeEntry = std::function<Status(const Entry&)>;

class Connection {
 public:
  /// Connects, secures and binds. Errors: Unavailable, Refused, TryAgain, Usage, Config, NoInput.
  static Result<Connection> open(const Options& options, Clock::time_point run_deadline);

  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  /// Runs a search to its end; paged requests ask for page after page. `take` is called for each entry and
  /// may itself search. Errors: Unavailable, Refused, TryAgain; those of `take` end the search.
  Result<SearchOutcome> search(const SearchRequest& request, const TakeEntry& take);

  /// Who the server says we are; empty when it does not.
  const std::string& identity() const;

 private:
  friend class Search;
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tierline::collectors::ldap
