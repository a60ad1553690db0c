"""Finds places in src/bufgc where a program could be wrong, and writes a tree that holds every wrong version at once.

Each mutant is a switch that a number read from the environment when a program starts turns on: one build serves them all
(mutant schemata: Untch, Offutt and Harrold, "Mutation analysis using mutant schemata", 1993).
"""

import json
import pathlib
import random

from clang.cindex import CursorKind, Index, TranslationUnit, TypeKind

RELATIONAL = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
LOGICAL = {"&&": "||", "||": "&&"}
ARITHMETIC = {"+": "-", "-": "+"}
INTEGERS = {
    TypeKind.CHAR_S, TypeKind.CHAR_U, TypeKind.UCHAR, TypeKind.SCHAR, TypeKind.SHORT, TypeKind.USHORT, TypeKind.INT,
    TypeKind.UINT, TypeKind.LONG, TypeKind.ULONG, TypeKind.LONGLONG, TypeKind.ULONGLONG,
}
FUNCTIONS = {
    CursorKind.FUNCTION_DECL, CursorKind.CXX_METHOD, CursorKind.CONSTRUCTOR, CursorKind.DESTRUCTOR, CursorKind.FUNCTION_TEMPLATE,
}
CONDITIONAL = {CursorKind.IF_STMT, CursorKind.WHILE_STMT, CursorKind.CONDITIONAL_OPERATOR}
STATEMENTS = {CursorKind.CALL_EXPR, CursorKind.BINARY_OPERATOR, CursorKind.COMPOUND_ASSIGNMENT_OPERATOR, CursorKind.UNARY_OPERATOR}

# A program that leaves these out does the same, only slower.
UNNOTICEABLE = ("__builtin_prefetch", ".reserve(")

SWITCH = """#pragma once
/// The mutant of this run; 0: none.
extern const int bufgc_mutant;
/// Where a run is to tell which mutants' places it came to: a byte for each. Else nullptr.
extern unsigned char* const bufgc_reached;
inline bool bufgc_is_mutant(int number) noexcept {
  if (bufgc_reached != nullptr) __atomic_store_n(&bufgc_reached[number], 1, __ATOMIC_RELAXED);
  return bufgc_mutant == number;
}
"""
# The file of BUFGC_REACHED is mapped, so that a process that aborts, or is a child, has told too.
SWITCH_SOURCE = """#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <cstdlib>
#include <thread>
#include "bufgc/mutant.hpp"
namespace {
int chosen() noexcept { const char* text = std::getenv("BUFGC_MUTANT"); return text == nullptr ? 0 : std::atoi(text); }
unsigned char* reached() noexcept {
  const char* name = std::getenv("BUFGC_REACHED");
  if (name == nullptr) return nullptr;
  const int file = ::open(name, O_RDWR);
  struct stat of {};
  if (file < 0 || ::fstat(file, &of) != 0) std::abort();
  void* const at = ::mmap(nullptr, static_cast<unsigned long>(of.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (at == MAP_FAILED) std::abort();
  return static_cast<unsigned char*>(at);
}
// Once a process had a second thread, the C library tells for ever that it may have one.
const bool started = [] {
  const bool asked = std::getenv("BUFGC_THREADS") != nullptr;
  if (asked) std::thread([] {}).join();
  return asked;
}();
}
const int bufgc_mutant = chosen();
unsigned char* const bufgc_reached = reached();
"""


class Place:
    """A stretch of one file, and what stands there in the mutant. `%d` is the mutant's number."""

    def __init__(self, path, start, end, line, kind, was, text):
        self.path, self.start, self.end, self.line, self.kind, self.was, self.text = path, start, end, line, kind, was, text


class Finder:
    """Reads some files together, as a build of BUFGC_UNITY does: what they include is read once."""

    def __init__(self, root, paths):
        self.places, self.path, self.source = [], None, b""
        every = "".join(f'#include "{path}"\n' for path in paths)
        unit = Index.create().parse("every.cpp", args=["-x", "c++", "-std=c++20", f"-I{root / 'src'}"],
                                    unsaved_files=[("every.cpp", every)],
                                    options=TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD)
        worst = [d for d in unit.diagnostics if d.severity >= 3]
        if worst:
            raise SystemExit(f"{worst[0].location}: {worst[0].spelling}")
        own = {str(path): [] for path in paths}  # of each file, its top and its uses of macros
        self.macros = {name: [] for name in own}
        for child in unit.cursor.get_children():
            file = child.location.file
            if file is None or file.name not in own:
                continue
            if child.kind == CursorKind.MACRO_INSTANTIATION:
                self.macros[file.name].append((child.extent.start.offset, child.extent.end.offset))
            else:
                own[file.name].append(child)
        for path in paths:
            self.path, self.source = path, path.read_bytes()
            for child in own[str(path)]:
                self.look(child, False)

    def text(self, extent):
        return self.source[extent.start.offset:extent.end.offset].decode()

    def add(self, cursor, kind, text):
        start, end = cursor.extent.start.offset, cursor.extent.end.offset
        if end <= start or any(start < b and a < end for a, b in self.macros[str(self.path)]):
            return
        self.places.append(Place(self.path, start, end, cursor.extent.start.line, kind, self.text(cursor.extent), text))

    def look(self, cursor, inside):
        if cursor.kind in FUNCTIONS:
            head = self.text(cursor.extent).split("{")[0].split("(")[0]
            if "constexpr" in head or "consteval" in head:
                return
            inside = True
        elif inside and cursor.kind not in (CursorKind.LAMBDA_EXPR, CursorKind.STATIC_ASSERT):
            self.consider(cursor)
        for child in cursor.get_children():
            self.look(child, inside)

    def consider(self, cursor):
        children = list(cursor.get_children())
        if cursor.kind in CONDITIONAL and children and children[0].kind.is_expression():
            if not self.text(cursor.extent).startswith(("if constexpr", "if (!defined")):
                was = self.text(children[0].extent)
                self.add(children[0], "condition flipped", f"(bufgc_is_mutant(%d) ? !({was}) : !!({was}))")
        if cursor.kind == CursorKind.BINARY_OPERATOR and len(children) == 2:
            left, right = children
            sign = self.source[left.extent.end.offset:right.extent.start.offset].decode().strip(" ()\n")
            a, b = self.text(left.extent), self.text(right.extent)
            changed = None
            if sign in RELATIONAL or sign in LOGICAL:
                changed = RELATIONAL.get(sign) or LOGICAL.get(sign)
            elif sign in ARITHMETIC and all(c.type.get_canonical().kind in INTEGERS for c in children):
                changed = ARITHMETIC[sign]
            whole = self.text(cursor.extent)
            if changed is not None and whole.startswith(a) and whole.endswith(b) and a and b:
                between = whole[len(a):len(whole) - len(b)]
                self.add(cursor, f"{changed} in place of {sign}",
                         f"(bufgc_is_mutant(%d) ? ({a}{between.replace(sign, changed, 1)}{b}) : ({whole}))")
        if cursor.kind == CursorKind.COMPOUND_STMT:
            for statement in children:
                self.drop(statement)
        if cursor.kind == CursorKind.IF_STMT:
            for branch in (c for c in children[1:] if c.extent.start.offset > children[0].extent.end.offset):
                if self.source[:branch.extent.start.offset].rstrip().endswith((b")", b"else", b"]]")):
                    self.drop(branch)

    def drop(self, statement):
        # An expression is a statement where a semicolon ends it; the init of an `if` has one too, but stands in its bracket.
        if statement.kind not in STATEMENTS or not self.source[statement.extent.end.offset:].startswith(b";"):
            return
        was = self.text(statement.extent)
        if any(part in was for part in UNNOTICEABLE):
            return
        # An expression again: an `else` may follow.
        self.add(statement, "statement left out", f"(bufgc_is_mutant(%d) ? (void)0 : (void)({was}))")


def find(root):
    skipped = {"arena_check.cpp", "failing_source.hpp"}  # what checks, and what only tests use
    paths = [path for path in sorted((root / "src/bufgc").rglob("*.[ch]pp")) if path.name not in skipped]
    at_once = 8
    return [place for i in range(0, len(paths), at_once) for place in Finder(root, paths[i:i + at_once]).places]


def choose(places, count, seed):
    """`count` places that do not overlap, spread over the files as the places are."""
    places = places[:]
    random.Random(seed).shuffle(places)
    chosen = []
    for place in places:
        if len(chosen) == count:
            break
        if all(place.path != other.path or place.end <= other.start or other.end <= place.start for other in chosen):
            chosen.append(place)
    return sorted(chosen, key=lambda place: (str(place.path), place.start))


def write(root, tree, chosen):
    """The whole source into `tree`, with the chosen mutants in; their list beside it."""
    for path in (root / "src").rglob("*"):
        to = tree / path.relative_to(root)
        if path.is_dir():
            to.mkdir(parents=True, exist_ok=True)
            continue
        body = path.read_bytes()
        mine = [(number, place) for number, place in enumerate(chosen, 1) if place.path == path]
        for number, place in reversed(mine):
            body = body[:place.start] + place.text.replace("%d", str(number), 1).encode() + body[place.end:]
        if mine:
            lead = b"#pragma once\n"
            include = b'#include "bufgc/mutant.hpp"\n'
            body = body.replace(lead, lead + include, 1) if lead in body else include + body
        if not to.exists() or to.read_bytes() != body:
            to.write_bytes(body)
    for name, body in (("mutant.hpp", SWITCH), ("memory/mutant.cpp", SWITCH_SOURCE)):
        to = tree / "src/bufgc" / name
        if not to.exists() or to.read_text() != body:
            to.write_text(body)
    (tree / "mutants.json").write_text(json.dumps([
        {"number": number, "file": str(place.path.relative_to(root)), "line": place.line, "kind": place.kind, "was": place.was}
        for number, place in enumerate(chosen, 1)], indent=1))
