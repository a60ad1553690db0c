#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bufgc::trace {

// The columns of a block of records, in their order in the payload. X(name, of): a column has a value for
// each record (`record`), birth, end (a free), use (a kernel's run), used (a buffer of one), mark, range (a
// reserve or release), link (or unlink) or move, and none of kinds that the block has not. A buffer is
// named by its age: how many births came since, its own among them, so 1 is the youngest.
#define BUFGC_COLUMNS(X)                                                                           \
  X(time, record)         /* since the record before; of the first since the block's first time */ \
  X(birth_row, birth)     /* births in the file before it; in blocks of what stands only */        \
  X(id_slot, birth)       /* the id's lower 32 bits */                                             \
  X(id_generation, birth) /* its upper 32 bits */                                                  \
  X(size, birth)                                                                                   \
  X(capacity, birth) /* minus the size, the sign in the lowest bit */                              \
  X(address, birth)  /* plus 1, 0 where unknown */                                                 \
  X(base, birth)     /* the base's age before this birth, 0 where there is none */                 \
  X(label, birth)    /* the number of a name, as are the next four */                              \
  X(dtype, birth)                                                                                  \
  X(shape, birth)                                                                                  \
  X(site, birth)                                                                                   \
  X(thread, birth)                                                                                 \
  X(kind, birth)                                                                                   \
  X(served_by, birth) /* plus 1, 0 where unknown */                                                \
  X(ended, end)       /* an age */                                                                 \
  X(cause, end)       /* plus 1, 0 where unknown */                                                \
  X(freed_to, end)    /* plus 1, 0 where unknown */                                                \
  X(kernel, use)      /* the number of a name */                                                   \
  X(use_count, use)   /* of the buffers used */                                                    \
  X(used, used)       /* an age */                                                                 \
  X(phase, mark)      /* the number of a name */                                                   \
  X(range_address, range)                                                                          \
  X(range_size, range)                                                                             \
  X(holder, link) /* an age */                                                                     \
  X(held, link)   /* an age */                                                                     \
  X(moved, move)  /* an age */                                                                     \
  X(move_from, move)                                                                               \
  X(move_to, move)

enum class Column : std::uint8_t {
#define BUFGC_X(name, of) name,
  BUFGC_COLUMNS(BUFGC_X)
#undef BUFGC_X
};
enum class ColumnOf : std::uint8_t { record, birth, end, use, used, mark, range, link, move };
inline constexpr std::size_t column_of_count = 9;

struct ColumnInfo {
  std::string_view name;
  ColumnOf of;
};
inline constexpr ColumnInfo column_infos[] = {
#define BUFGC_X(name, of) {#name, ColumnOf::of},
    BUFGC_COLUMNS(BUFGC_X)
#undef BUFGC_X
};
inline constexpr std::size_t column_count = sizeof column_infos / sizeof column_infos[0];

}  // namespace bufgc::trace
