#include "file.hpp"

#include <cerrno>
#include <cstring>

namespace bufgc::cli {

bool ends_with(std::string_view text, std::string_view ending) noexcept {
  return text.size() >= ending.size() && text.substr(text.size() - ending.size()) == ending;
}

std::string system_reason() {
  return std::strerror(errno);
}

}  // namespace bufgc::cli
