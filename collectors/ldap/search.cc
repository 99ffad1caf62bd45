// Searches: pages, entries, and the order in which they are asked for and taken apart.

#include <memory>

#include "collectors/ldap/connection.h"
#include "collectors/ldap/connection_state.h"
#include "core/base/text.h"

namespace tierline::collectors::ldap {
namespace {

constexpr const char* kSdFlagsControl = "1.2.840.113556.1.4.801";     // [MS-ADTS] 3.1.1.3.4.1.11
constexpr const char* kExtendedDnControl = "1.2.840.113556.1.4.529";  // [MS-ADTS] 3.1.1.3.4.1.5
constexpr int kPageSize = 1000;                                       // MaxPageSize, [MS-ADTS] 3.1.1.3.4.6
// A server that hands out empty pages for ever would keep us for ever.
constexpr int kEmptyPagesAllowed = 100;

struct MessageDeleter {
  void operator()(LDAPMessage* message) const { ldap_msgfree(message); }
};
using Messages = std::unique_ptr<LDAPMessage, MessageDeleter>;

struct ControlDeleter {
  void operator()(LDAPControl* control) const { ldap_control_free(control); }
};
using Control = std::unique_ptr<LDAPControl, ControlDeleter>;

struct BerDeleter {
  void operator()(BerElement* ber) const { ber_free(ber, 0); }
};

/// The values of one attribute; they point into the message, but the array of them is ours.
struct ValuesDeleter {
  void operator()(berval* values) const { ber_memfree(values); }
};
using Values = std::unique_ptr<berval, ValuesDeleter>;

std::string_view view(const berval& value) { return {value.bv_val, value.bv_len}; }

}  // namespace

/// One search on its way. The request for the next page goes out before the entries of this one are taken
/// apart, so that the server works while we do.
class Search {
 public:
  Search(Connection::State& connection, const SearchRequest& request, const TakeEntry& take)
      : connection_(connection), request_(request), take_(take) {
    for (const std::string& name : request.attributes) names_.push_back(const_cast<char*>(name.c_str()));
    names_.push_back(nullptr);
  }
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;
  ~Search() {
    if (in_flight_) ldap_abandon_ext(connection_.handle, id_, nullptr, nullptr);
  }

  Result<SearchOutcome> run() {
    if (Status status = ask(); !status) return std::move(status).error();
    while (in_flight_) {
      if (Status status = receive(); !status) return std::move(status).error();
    }
    return std::move(outcome_);
  }

 private:
  Status ask() {
    // SEQUENCE { INTEGER 7 }: owner, group and DACL.
    char flags[] = {0x30, 0x03, 0x02, 0x01, 0x07};
    LDAPControl descriptors = {const_cast<char*>(kSdFlagsControl), {sizeof flags, flags}, 1};
    // SEQUENCE { INTEGER 1 }: SIDs and GUIDs as text.
    char as_text[] = {0x30, 0x03, 0x02, 0x01, 0x01};
    LDAPControl extended = {const_cast<char*>(kExtendedDnControl), {sizeof as_text, as_text}, 1};
    LDAPControl timed = {const_cast<char*>(kLinkTtlControl), {0, nullptr}, 1};
    Control page;
    std::vector<LDAPControl*> controls;
    if (request_.descriptors) controls.push_back(&descriptors);
    if (request_.links == LinkForm::Extended) controls.push_back(&extended);
    if (request_.links == LinkForm::Timed) controls.push_back(&timed);
    if (request_.paged) {
      berval place = {cookie_.size(), cookie_.data()};
      LDAPControl* made = nullptr;
      const int code = ldap_create_page_control(connection_.handle, kPageSize, &place, 1, &made);
      page.reset(made);
      if (code != LDAP_SUCCESS) return connection_.error(code, "cannot ask for a page");
      controls.push_back(page.get());
    }
    controls.push_back(nullptr);
    const int code = ldap_search_ext(connection_.handle, request_.base.c_str(),
                                     static_cast<int>(request_.scope), request_.filter.c_str(), names_.data(),
                                     0, controls.data(), nullptr, nullptr, LDAP_NO_LIMIT, &id_);
    if (code != LDAP_SUCCESS) return connection_.error(code, "cannot search");
    in_flight_ = true;
    return {};
  }

  // Waits for the next messages and deals with them all.
  Status receive() {
    Result<timeval> time = connection_.begin_operation();
    if (!time) return std::move(time).error();
    LDAPMessage* raw = nullptr;
    const int type = ldap_result(connection_.handle, id_, LDAP_MSG_RECEIVED, &*time, &raw);
    const Messages messages(raw);
    if (type == 0) return connection_.timed_out();
    if (type < 0) {
      int code = LDAP_SERVER_DOWN;
      ldap_get_option(connection_.handle, LDAP_OPT_RESULT_CODE, &code);
      return connection_.error(code, "the connection broke off");
    }
    LDAPMessage* end = nullptr;
    for (LDAPMessage* message = ldap_first_message(connection_.handle, raw); message != nullptr;
         message = ldap_next_message(connection_.handle, message)) {
      if (ldap_msgtype(message) == LDAP_RES_SEARCH_RESULT) end = message;
    }
    if (end != nullptr) {
      in_flight_ = false;
      if (Status status = finish_page(end); !status) return status;
      if (!cookie_.empty() && outcome_.limited.empty()) {
        if (Status status = ask(); !status) return status;
      }
    }
    for (LDAPMessage* message = ldap_first_message(connection_.handle, raw); message != nullptr;
         message = ldap_next_message(connection_.handle, message)) {
      if (Status status = take_message(message); !status) return status;
    }
    return end != nullptr ? end_page() : Status();
  }

  Status take_message(LDAPMessage* message) {
    switch (ldap_msgtype(message)) {
      case LDAP_RES_SEARCH_ENTRY:
        ++outcome_.entries;
        ++entries_of_page_;
        return take_entry(message);
      case LDAP_RES_SEARCH_REFERENCE:
        return take_reference(message);
      default:
        return {};
    }
  }

  Status take_entry(LDAPMessage* message) {
    BerElement* raw = nullptr;
    berval dn = {};
    const int code = ldap_get_dn_ber(connection_.handle, message, &raw, &dn);
    const std::unique_ptr<BerElement, BerDeleter> ber(raw);
    if (code != LDAP_SUCCESS) return broken("the server sent an entry that cannot be read");
    Entry entry;
    entry.dn = view(dn);
    if (entries_of_page_ == 1) {
      // No two pages begin alike, unless the server goes round in circles; of whatever length, as the page that is
      // compared with moves on at each power of two.
      if (pages_ > 0 && entry.dn == first_of_page_) return broken("the server keeps sending the same pages");
      if ((pages_ & (pages_ - 1)) == 0) first_of_page_ = entry.dn;
    }
    std::vector<Values> owned;
    while (true) {
      berval name = {};
      BerVarray values = nullptr;
      if (ldap_get_attribute_ber(connection_.handle, message, raw, &name, &values) != LDAP_SUCCESS) {
        return broken("the server sent an entry that cannot be read: " + visible(entry.dn));
      }
      if (name.bv_val == nullptr) break;
      owned.emplace_back(values);
      Entry::Attribute attribute{view(name), {}};
      for (const berval* value = values; value != nullptr && value->bv_val != nullptr; ++value) {
        attribute.values.push_back(as_bytes(view(*value)));
      }
      entry.attributes.push_back(std::move(attribute));
    }
    return take_(entry);
  }

  Status take_reference(LDAPMessage* message) {
    char** urls = nullptr;
    if (ldap_parse_reference(connection_.handle, message, &urls, nullptr, 0) != LDAP_SUCCESS) {
      return broken("the server sent a reference that cannot be read");
    }
    if (urls != nullptr && urls[0] != nullptr) outcome_.references.emplace_back(urls[0]);
    ldap_memvfree(reinterpret_cast<void**>(urls));
    return {};
  }

  // The end of a page: how it went, and where the next one begins.
  Status finish_page(LDAPMessage* message) {
    int code = LDAP_SUCCESS;
    LDAPControl** controls = nullptr;
    const int parsed =
        ldap_parse_result(connection_.handle, message, &code, nullptr, nullptr, nullptr, &controls, 0);
    if (parsed != LDAP_SUCCESS) return connection_.error(parsed, "the server's answer cannot be read");
    cookie_.clear();
    bool is_page = false;
    if (LDAPControl* const page = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, nullptr)) {
      ber_int_t estimate = 0;
      berval place = {};
      is_page = ldap_parse_pageresponse_control(connection_.handle, page, &estimate, &place) == LDAP_SUCCESS;
      if (is_page) {
        cookie_ = view(place);
        ber_memfree(place.bv_val);
      }
    }
    ldap_controls_free(controls);
    switch (code) {
      case LDAP_SUCCESS:
        // The request's control is critical, so whoever answers says whether there is more (RFC 2696).
        if (request_.paged && !is_page) return broken("the server does not say whether there are more pages");
        return {};
      case LDAP_NO_SUCH_OBJECT:
        outcome_.is_base_gone = true;
        return {};
      case LDAP_SIZELIMIT_EXCEEDED:
      case LDAP_TIMELIMIT_EXCEEDED:
      case LDAP_ADMINLIMIT_EXCEEDED:
        outcome_.limited = ldap_err2string(code);
        return {};
      default:
        return connection_.error(code, "the search failed");
    }
  }

  Status end_page() {
    ++pages_;
    empty_pages_ = entries_of_page_ == 0 ? empty_pages_ + 1 : 0;
    entries_of_page_ = 0;
    if (empty_pages_ > kEmptyPagesAllowed) return broken("the server keeps sending empty pages");
    return {};
  }

  Error broken(std::string message) const {
    return {ErrorCode::Unavailable, std::move(message), connection_.address.url()};
  }

  Connection::State& connection_;
  const SearchRequest& request_;
  const TakeEntry& take_;
  std::vector<char*> names_;
  SearchOutcome outcome_;
  std::string cookie_;
  std::string first_of_page_;  ///< of the page that later ones are compared with
  std::uint64_t entries_of_page_ = 0;
  std::uint64_t pages_ = 0;
  int empty_pages_ = 0;
  int id_ = 0;
  bool in_flight_ = false;
};

Result<SearchOutcome> Connection::search(const SearchRequest& request, const TakeEntry& take) {
  return Search(*state_, request, take).run();
}

}  // namespace tierline::collectors::ldap
