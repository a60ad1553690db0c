// Buffers over memory that bufgc does not own.

#include <array>
#include <stdexcept>

#include "support.hpp"

using namespace bufgc;
using bufgc::test::require_nothing_left;

namespace {

struct Foreign {
  alignas(64) std::array<std::byte, 256> bytes{};
  int released = 0;
  BufferManager::ReleaseCallback release() {
    return [this](std::byte* data, std::uint64_t size) {
      REQUIRE(data == bytes.data());
      REQUIRE(size == bytes.size());
      ++released;
    };
  }
};

}  // namespace

TEST_CASE("an external buffer shows foreign bytes and is counted apart", "[external]") {
  Foreign foreign;
  BufferManager manager;
  const CpuBuffer buffer =
      manager.external(foreign.bytes.data(), {0, DType::float32, {8, 8}, "mapped"}, foreign.release());
  REQUIRE(buffer.is_external());
  REQUIRE(buffer.data() == foreign.bytes.data());
  REQUIRE(buffer.capacity_bytes() == 0);
  const Statistics now = manager.statistics();
  REQUIRE(now.external_buffers == 1);
  REQUIRE(now.external_bytes == 256);
  REQUIRE(now.live_bytes == 0);
  REQUIRE(now.live_buffers == 0);
  REQUIRE(now.reserved_bytes == 0);
}

TEST_CASE("the release callback runs once, when the last handle goes", "[external]") {
  Foreign foreign;
  BufferManager manager;
  CpuBuffer buffer = manager.external(foreign.bytes.data(), {256, DType::uint8, {}, {}}, foreign.release());
  CpuBuffer view = buffer.view({});
  buffer.reset();
  REQUIRE(foreign.released == 0);
  view.reset();
  REQUIRE(foreign.released == 1);
  require_nothing_left(manager);
}

TEST_CASE("the release callback runs once on destroy", "[external]") {
  Foreign foreign;
  BufferManager manager;
  CpuBuffer buffer = manager.external(foreign.bytes.data(), {256, DType::uint8, {}, {}}, foreign.release());
  buffer.destroy();
  REQUIRE(foreign.released == 1);
  buffer.reset();
  manager.close();
  REQUIRE(foreign.released == 1);
}

TEST_CASE("the release callback runs once on close", "[external]") {
  Foreign foreign;
  CpuBuffer buffer;
  {
    BufferManager manager;
    buffer = manager.external(foreign.bytes.data(), {256, DType::uint8, {}, {}}, foreign.release());
    manager.close();
    REQUIRE(foreign.released == 1);
    REQUIRE(buffer.destroyed());
  }
  buffer.reset();
  REQUIRE(foreign.released == 1);
}

TEST_CASE("the release callback runs after the finalizers", "[external][finalizer]") {
  Foreign foreign;
  BufferManager manager;
  CpuBuffer buffer = manager.external(foreign.bytes.data(), {256, DType::uint8, {}, {}}, foreign.release());
  int released_before = -1;
  manager.finalize(buffer, [&] { released_before = foreign.released; });
  buffer.reset();
  REQUIRE(released_before == 0);
  REQUIRE(foreign.released == 1);
}

TEST_CASE("what a release callback throws reaches the error handler", "[external]") {
  Foreign foreign;
  BufferManager manager;
  int errors = 0;
  manager.set_error_handler([&](const std::exception_ptr&) { ++errors; });
  manager
      .external(foreign.bytes.data(), {256, DType::uint8, {}, {}},
                [](std::byte*, std::uint64_t) { throw std::runtime_error("no"); })
      .reset();
  REQUIRE(errors == 1);
  require_nothing_left(manager);
}

TEST_CASE("an external buffer of no bytes may stand nowhere", "[external]") {
  BufferManager manager;
  int released = 0;
  CpuBuffer nothing = manager.external(
      nullptr, {0, DType::uint8, {}, {}},
      [&](const std::byte* data, std::uint64_t size) { released += data == nullptr && size == 0 ? 1 : 100; });
  REQUIRE(nothing.try_data() == nullptr);
  REQUIRE_FALSE(nothing.destroyed());
  REQUIRE(manager.statistics().external_buffers == 1);
  nothing.reset();
  REQUIRE(released == 1);
  require_nothing_left(manager);
}

TEST_CASE("a null address with bytes and a misaligned one are refused, and nothing is released",
          "[external]") {
  Foreign foreign;
  BufferManager manager;
  REQUIRE(manager.try_external(nullptr, {8, DType::uint8, {}, {}}, foreign.release()).status ==
          Status::invalid_argument);
  REQUIRE(
      manager.try_external(foreign.bytes.data() + 1, {8, DType::float32, {}, {}}, foreign.release()).status ==
      Status::invalid_argument);
  REQUIRE_THROWS_AS(manager.external(nullptr, {8, DType::uint8, {}, {}}), InvalidArgument);
  manager.close();
  REQUIRE(manager.try_external(foreign.bytes.data(), {8, DType::uint8, {}, {}}, foreign.release()).status ==
          Status::closed);
  REQUIRE(foreign.released == 0);
}
