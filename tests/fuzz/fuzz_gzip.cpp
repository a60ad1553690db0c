#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "cli/gzip.hpp"
#include "reader_fuzzing.hpp"

namespace {

using namespace bufgc;

constexpr std::string_view member_header("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
constexpr std::size_t trailer_bytes = 8;

/// The file of those bytes whose members' headers and sums are right, and the text of its whole members.
struct Sealed {
  std::string file;
  std::string text;
  bool whole = false;  ///< Whether it ends with a member's end, or zeros behind one.
};

Sealed sealed(std::string_view bytes) {
  Sealed made{std::string(bytes), {}, false};
  std::string& file = made.file;
  std::size_t at = 0;
  while (file.size() - at > member_header.size() && (at == 0 || file[at] != '\0')) {
    made.whole = false;
    file.replace(at, member_header.size(), member_header);
    z_stream stream{};
    stream.next_in = reinterpret_cast<Bytef*>(file.data() + at + member_header.size());
    stream.avail_in = static_cast<uInt>(file.size() - at - member_header.size());
    must(inflateInit2(&stream, -MAX_WBITS) == Z_OK, "zlib begins");
    std::string text;
    int code = Z_OK;
    while (code == Z_OK) {
      char block[4096];
      stream.next_out = reinterpret_cast<Bytef*>(block);
      stream.avail_out = sizeof block;
      code = inflate(&stream, Z_NO_FLUSH);
      text.append(block, sizeof block - stream.avail_out);
    }
    inflateEnd(&stream);
    const std::size_t left = stream.avail_in;
    if (code != Z_STREAM_END || left < trailer_bytes) return made;
    at = file.size() - left;
    const auto sum = static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())));
    const auto length = static_cast<std::uint32_t>(text.size());
    std::memcpy(file.data() + at, &sum, sizeof sum);
    std::memcpy(file.data() + at + sizeof sum, &length, sizeof length);
    at += trailer_bytes;
    made.text += text;
    made.whole = true;
  }
  made.whole = made.whole && file.find_first_not_of('\0', at) == std::string::npos;
  return made;
}

struct Unpacked {
  std::string text;
  std::string error;
};

Unpacked unpack(std::string_view file, std::size_t piece) {
  trace::StringSink sink;
  cli::Gunzip gunzip(sink);
  bool good = true;
  for (; good && !file.empty(); file.remove_prefix(std::min(piece, file.size())))
    good = gunzip.feed(file.substr(0, piece));
  good = good && gunzip.finish();
  must(good == gunzip.error().empty(), "an error has a message, a success has none");
  return {std::move(sink.text), gunzip.error()};
}

}  // namespace

/// The first byte tells the size of the pieces, and whether sums are left as they are; the file follows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] < 128 ? data[0] + std::size_t{1} : size;
  Unpacked unpacked;
  if (data[0] % 4 == 0) {
    unpacked = unpack(bytes, piece);
  } else {
    const Sealed made = sealed(bytes);
    unpacked = unpack(made.file, piece);
    must(unpacked.text.compare(0, made.text.size(), made.text) == 0, "whole members are unpacked");
    must(unpacked.error.empty() == made.whole, "whole members are a file, and nothing else is");
    must(!made.whole || unpacked.text == made.text, "nothing else is unpacked");
  }
  std::string why;
  const auto reader = trace::make_reader("", unpacked.text, why);
  must((reader == nullptr) != why.empty(), "there is a reader, or a reason");
  if (reader != nullptr) read_in_pieces(*reader, unpacked.text, unpacked.text.size() / 3 + 1);
  return 0;
}
