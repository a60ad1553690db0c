#pragma once

#include <cstdio>
#include <string>

#include "bufgc/viz/lifecycles.hpp"
#include "trace/readers.hpp"

/// A whole file, or empty where it cannot be read.
inline std::string file_text(const std::string& path) {
  std::string text;
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return text;
  char block[65536];
  while (const std::size_t count = std::fread(block, 1, sizeof block, file)) text.append(block, count);
  std::fclose(file);
  return text;
}

/// The excerpt of a recorded run that the project keeps.
inline bufgc::Lifecycles recorded_trace() {
  const auto reader = bufgc::trace::make_ndjson_reader();
  if (!reader->feed(file_text(BUFGC_TEST_DATA "/mlp_train_excerpt.ndjson")) || !reader->finish()) {
    std::fprintf(stderr, "the recorded trace cannot be read: %s\n", reader->error().message.c_str());
    return {};
  }
  return reader->take();
}
