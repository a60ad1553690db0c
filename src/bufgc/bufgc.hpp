#pragma once

/// Everything a program that uses bufgc needs.
#include "bufgc/buffer/cpu_buffer.hpp"
#include "bufgc/buffer/finalizer.hpp"
#include "bufgc/buffer_manager.hpp"
#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/memory/errors.hpp"
#include "bufgc/memory/iteration.hpp"
#include "bufgc/viz/buffer_visualizer.hpp"
#include "trace/trace_stream.hpp"
#include "trace/writers.hpp"
