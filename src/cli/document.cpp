#include "document.hpp"

#include <algorithm>

namespace bufgc::cli {
namespace {

/// Plain text in which Markdown sees no mark-up.
std::string escaped_markdown(std::string_view text) {
  constexpr std::string_view special = "\\`*_{}[]()<>#+-!|~&@";
  std::string out;
  for (const char character : text) {
    if (special.find(character) != std::string_view::npos) out += '\\';
    out += character;
  }
  return out;
}

/// Text between so many back-ticks that none within ends it. A bar would part the table's cells even there.
std::string code_span(std::string_view text) {
  std::size_t longest = 0;
  std::size_t run = 0;
  std::string body;
  for (const char character : text) {
    run = character == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
    if (character == '|') body += '\\';
    body += character;
  }
  const std::string fence(longest + 1, '`');
  const std::string gap = longest > 0 ? " " : "";
  return fence + gap + body + gap + fence;
}

std::string escaped_html(std::string_view text) {
  std::string out;
  for (const char character : text) {
    switch (character) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += character;
    }
  }
  return out;
}

void add_markdown_table(const Document::Section& section, std::string& out) {
  out += '|';
  for (const std::string& cell : section.header) out += ' ' + cell + " |";
  out += "\n|";
  for (std::size_t i = 0; i < section.header.size(); ++i) out += i == 0 ? " --- |" : " ---: |";
  out += '\n';
  for (const auto& row : section.rows) {
    out += '|';
    for (std::size_t i = 0; i < row.size(); ++i)
      out += ' ' + (i == 0 && section.quoted_names ? code_span(row[i]) : row[i]) + " |";
    out += '\n';
  }
  out += '\n';
}

void add_html_table(const Document::Section& section, std::string& out) {
  out += "<table>\n<thead><tr>";
  for (const std::string& cell : section.header) out += "<th scope=\"col\">" + escaped_html(cell) + "</th>";
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : section.rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      out += (i == 0 ? "<th scope=\"row\">" : "<td>") + escaped_html(row[i]) + (i == 0 ? "</th>" : "</td>");
    out += "</tr>\n";
  }
  out += "</tbody>\n</table>\n";
}

}  // namespace

std::string to_markdown(const Document& document) {
  std::string out = "# " + escaped_markdown(document.title) + "\n\n";
  for (const Document::Section& section : document.sections) {
    out += "## " + section.title + "\n\n";
    if (!section.text.empty()) out += section.text + "\n\n";
    if (!section.rows.empty()) add_markdown_table(section, out);
  }
  out.pop_back();
  return out;
}

std::string to_html(const Document& document) {
  std::string out = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>)" + escaped_html(document.title) +
                    R"(</title>
<style>
:root { color-scheme: light dark; }
body { font: 14px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 20px; }
h2 { font-size: 16px; margin-top: 2em; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 2px 12px 2px 0; border-bottom: 1px solid #8886; text-align: right; font-weight: normal; }
th:first-child { text-align: left; overflow-wrap: anywhere; }
thead th { color: color-mix(in srgb, currentColor 70%, transparent); }
</style>
</head>
<body>
<h1>)" + escaped_html(document.title) +
                    "</h1>\n";
  for (const Document::Section& section : document.sections) {
    out += "<h2>" + escaped_html(section.title) + "</h2>\n";
    if (!section.text.empty()) out += "<p>" + escaped_html(section.text) + "</p>\n";
    if (!section.rows.empty()) add_html_table(section, out);
  }
  return out + "</body>\n</html>\n";
}

}  // namespace bufgc::cli
