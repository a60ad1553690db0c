// The floor, for one thread: FreeList has no lock.

#include "free_list.hpp"
#include "main.hpp"

int main(int argc, char** argv) {
  bufgc::bench::add_allocation_cases<bufgc::bench::FreeList>();
  return bufgc::bench::run_cases(argc, argv);
}
