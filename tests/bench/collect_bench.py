"""What a collection costs CPython for each object that lives and for each that is dead, in pairs that hold
each other: collect_bench.cpp's peer.  python3 collect_bench.py COUNT..."""
import gc
import json
import sys
import time


class Buffer:
    __slots__ = ("held",)


def collect_ns():
    start = time.process_time_ns()
    gc.collect()
    return time.process_time_ns() - start


def measure(count):
    gc.collect()
    nothing = min(collect_ns() for _ in range(5))  # what lives besides
    live, dead = [], []
    for _ in range(3):
        buffers = [Buffer() for _ in range(count)]
        for a, b in zip(buffers[::2], buffers[1::2]):
            a.held, b.held = b, a
        live.append(collect_ns() - nothing)
        a = b = None
        buffers.clear()
        dead.append(collect_ns() - nothing)
    return {"count": count, "live_ns": min(live) / count, "dead_ns": min(dead) / count}


gc.disable()
print(json.dumps([measure(int(word)) for word in sys.argv[1:]]))
