#include <string_view>

#include "trace/bufgc_format.hpp"
#include "trace/readers.hpp"

namespace bufgc::trace {
namespace {

bool ends_with(std::string_view name, std::string_view ending) {
  return name.size() >= ending.size() && name.substr(name.size() - ending.size()) == ending;
}

}  // namespace

bool is_bufgc(std::string_view first_bytes) noexcept {
  return !first_bytes.empty() && first_bytes[0] == bufgc_magic[0];
}

bool is_pickle(std::string_view first_bytes) noexcept {
  return !first_bytes.empty() && first_bytes[0] == '\x80';
}

std::unique_ptr<Reader> make_reader(std::string_view name, std::string_view first_bytes, std::string& why) {
  why.clear();
  if (is_bufgc(first_bytes)) return make_bufgc_reader();
  if (is_pickle(first_bytes)) return make_pytorch_reader();
  if (first_bytes.substr(0, 3) == "\xef\xbb\xbf") first_bytes.remove_prefix(3);
  const std::size_t begin = first_bytes.find_first_not_of(" \t\r\n");
  const std::string_view text =
      begin == std::string_view::npos ? std::string_view{} : first_bytes.substr(begin);
  // What stands in the file counts; its name decides where the bytes do not.
  if (!text.empty() && text[0] == '{') return make_ndjson_reader();
  const std::string_view first_line = text.substr(0, text.find_first_of("\r\n"));
  const bool header = first_line.find(',') != std::string_view::npos &&
                      first_line.find("id") != std::string_view::npos &&
                      first_line.find("size") != std::string_view::npos;
  if (header || ends_with(name, ".csv")) return make_csv_reader();
  if (ends_with(name, ".ndjson") || ends_with(name, ".jsonl")) return make_ndjson_reader();
  if (ends_with(name, ".pickle") || ends_with(name, ".pkl")) return make_pytorch_reader();
  if (first_bytes.substr(0, 2) == "\x1f\x8b") {
    why = "expected unpacked text, found gzip";
  } else {
    why =
        "expected NDJSON (lines of {\"t\":…,\"op\":…}), CSV (time,op,id,size or id,lower,upper,size), "
        ".bufgc or a PyTorch memory snapshot (pickle), found ";
    why += text.empty() ? "an empty file" : "none of them";
  }
  return nullptr;
}

}  // namespace bufgc::trace
