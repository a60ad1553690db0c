"""Finds places in src/bufgc where a program could be wrong, and writes a tree that holds every wrong version at once.

Each mutant is a switch that `bufgc_mutant`, a number read from the environment when a program starts, turns on: one
build serves them all (mutant schemata: Untch, Offutt and Harrold, "Mutation analysis using mutant schemata", 1993).
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

SWITCH = """#pragma once
/// The mutant of this run; 0: none.
extern const int bufgc_mutant;
"""
SWITCH_SOURCE = """#include <cstdlib>
#include "bufgc/mutant.hpp"
namespace {
int chosen() noexcept { const char* text = std::getenv("BUFGC_MUTANT"); return text == nullptr ? 0 : std::atoi(text); }
}
const int bufgc_mutant = chosen();
"""


class Place:
    """A stretch of one file, and what stands there in the mutant. `%d` is the mutant's number."""

    def __init__(self, path, start, end, line, kind, was, text):
        self.path, self.start, self.end, self.line, self.kind, self.was, self.text = path, start, end, line, kind, was, text


class Finder:
    def __init__(self, root, path):
        self.path, self.source = path, path.read_bytes()
        self.places = []
        unit = Index.create().parse(str(path), args=["-x", "c++", "-std=c++20", f"-I{root / 'src'}"],
                                    options=TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD)
        worst = [d for d in unit.diagnostics if d.severity >= 3]
        if worst:
            raise SystemExit(f"{path}: {worst[0].spelling}")
        self.macros = [(c.extent.start.offset, c.extent.end.offset) for c in unit.cursor.get_children()
                       if c.kind == CursorKind.MACRO_INSTANTIATION and self.here(c)]
        self.look(unit.cursor, False)

    def here(self, cursor):
        return cursor.location.file is not None and pathlib.Path(cursor.location.file.name) == self.path

    def text(self, extent):
        return self.source[extent.start.offset:extent.end.offset].decode()

    def add(self, cursor, kind, text):
        start, end = cursor.extent.start.offset, cursor.extent.end.offset
        if end <= start or any(start < b and a < end for a, b in self.macros):
            return
        self.places.append(Place(self.path, start, end, cursor.extent.start.line, kind, self.text(cursor.extent), text))

    def look(self, cursor, inside):
        for child in cursor.get_children():
            if cursor.kind == CursorKind.TRANSLATION_UNIT and not self.here(child):
                continue
            within = inside
            if child.kind in FUNCTIONS:
                head = self.text(child.extent).split("{")[0].split("(")[0]
                if "constexpr" in head or "consteval" in head:
                    continue
                within = True
            if within and child.kind != CursorKind.LAMBDA_EXPR and "static_assert" not in self.text(child.extent)[:14]:
                self.consider(child)
            self.look(child, within)

    def consider(self, cursor):
        children = list(cursor.get_children())
        if cursor.kind in CONDITIONAL and children and children[0].kind.is_expression():
            if not self.text(cursor.extent).startswith(("if constexpr", "if (!defined")):
                was = self.text(children[0].extent)
                self.add(children[0], "condition flipped", f"(bufgc_mutant == %d ? !({was}) : !!({was}))")
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
                self.add(cursor, f"{sign} for {changed}",
                         f"(bufgc_mutant == %d ? ({a}{between.replace(sign, changed, 1)}{b}) : ({whole}))")
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
        self.add(statement, "statement left out", "if (bufgc_mutant != %d) { " + was.replace("%", "%%") + "; }")


def find(root):
    skipped = {"arena_check.cpp", "failing_source.hpp"}  # what checks, and what only tests use
    places = []
    for path in sorted((root / "src/bufgc").rglob("*.[ch]pp")):
        if path.name not in skipped:
            places += Finder(root, path).places
    return places


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
            body = body[:place.start] + (place.text.replace("%%", "%").replace("== %d", f"== {number}").replace("!= %d", f"!= {number}")).encode() + body[place.end:]
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
