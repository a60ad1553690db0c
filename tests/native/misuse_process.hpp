#pragma once

// A misuse in a process of its own, so that the default report, and the abort after it, are seen as a user
// sees them.

#include <catch2/catch.hpp>
#include <string>

#if !defined(__EMSCRIPTEN__)

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace bufgc::testing {

/// Runs `misuse` in a child. Requires that it aborts; returns what it wrote to standard error.
template <class Misuse>
std::string stderr_of_abort(Misuse misuse) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    std::signal(SIGABRT, SIG_DFL);  // Catch2's own handler would tell of a failed test
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    misuse();
    ::_exit(0);  // not detected
  }
  ::close(ends[1]);
  std::string text;
  char piece[256];
  for (ssize_t bytes = 0; (bytes = ::read(ends[0], piece, sizeof piece)) > 0;) {
    text.append(piece, static_cast<std::size_t>(bytes));
  }
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  INFO(text);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGABRT);
  return text;
}

}  // namespace bufgc::testing

#endif
