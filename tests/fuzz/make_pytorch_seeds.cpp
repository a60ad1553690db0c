// Makes the seeds of the snapshot reader's fuzzer: make_pytorch_seeds FOLDER
#include <cstdio>
#include <string>

#include "trace/snapshot_maker.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  bool good = true;
  for (const int protocol : {2, 3, 4, 5}) {
    for (const bool newer : {false, true}) {
      const std::string path =
          std::string(argv[1]) + (newer ? "/newer" : "/older") + std::to_string(protocol);
      // In one piece.
      const std::string seed = "\xff" + (newer ? newer_snapshot() : older_snapshot()).pickle(protocol);
      std::FILE* const out = std::fopen(path.c_str(), "wb");
      if (out == nullptr) return 1;
      good = std::fwrite(seed.data(), 1, seed.size(), out) == seed.size() && good;
      good = std::fclose(out) == 0 && good;
    }
  }
  return good ? 0 : 1;
}
