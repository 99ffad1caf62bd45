#include "collectors/ldap/session.h"

#include <chrono>
#include <thread>

namespace tierline::collectors::ldap {
namespace {

constexpr std::chrono::milliseconds kFirstPause(500);
constexpr unsigned kMostJitter = 250;  // milliseconds

}  // namespace

Session::Session(const Options& options)
    : options_(options), run_deadline_(Clock::now() + options.run_deadline) {}

Status Session::attempt(const std::function<Status(Connection&)>& work) {
  if (!connection_) {
    Result<Connection> opened = Connection::open(options_, run_deadline_);
    if (!opened) return std::move(opened).error();
    connection_ = std::make_unique<Connection>(std::move(*opened));
    was_reached_ = true;
  }
  Status status = work(*connection_);
  if (!status) connection_.reset();
  return status;
}

Status Session::with_retries(const std::function<Status(Connection&)>& work) {
  std::chrono::milliseconds pause = kFirstPause;
  for (int attempts_left = options_.retries;; --attempts_left) {
    Status status = attempt(work);
    if (status) return status;
    const ErrorCode code = status.error().code;
    const bool may_pass = code == ErrorCode::TryAgain || (code == ErrorCode::Unavailable && was_reached_);
    if (!may_pass || attempts_left <= 0 || Clock::now() + pause > run_deadline_) return status;
    std::this_thread::sleep_for(pause + std::chrono::milliseconds(random_() % kMostJitter));
    pause *= 2;
  }
}

}  // namespace tierline::collectors::ldap
