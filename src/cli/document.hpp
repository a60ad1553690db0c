#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bufgc::cli {

/// A short text with tables, to be written as Markdown or as a page of its own. Texts may hold anything: each
/// form shows them as they are. In a table the first column is names, the others are figures.
struct Document {
  struct Section {
    std::string title;
    std::string text;
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;
    bool quoted_names = false;  ///< The names are out of a file: a mark-up of their own means nothing.
  };
  std::string title;
  std::vector<Section> sections;
};

/// As GitHub reads it.
[[nodiscard]] std::string to_markdown(const Document& document);
/// One file without scripts that loads nothing.
[[nodiscard]] std::string to_html(const Document& document);

}  // namespace bufgc::cli
