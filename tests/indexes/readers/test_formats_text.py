"""Source code, data and reStructuredText: the lines are the file's."""

from pathlib import Path

import pytest

from indexes.errors import ReadError
from indexes.readers.registry import read_file
from indexes.types import Extraction


def read(folder: Path, name: str, text: str) -> Extraction:
    (folder / name).write_text(text)
    return read_file(folder / name)


def outline(extraction: Extraction) -> list[tuple[int, str]]:
    return [(section.line, " > ".join(section.heading)) for section in extraction.sections]


CODE = {
    "a.py": (
        '"""Doc."""\n'
        "import os\n"
        "\n"
        "X = 1\n"
        "\n"
        "# greets\n"
        "@cache\n"
        "def greet(name):\n"
        "    def inner():\n"
        "        return name\n"
        "    return inner\n"
        "\n"
        "class Box(Base):\n"
        '    """A box."""\n'
        "    size = 1\n"
        "\n"
        "    def open(self):\n"
        "        if self.size:\n"
        "            return 1\n"
        "\n"
        "    async def close(self): ...\n"
        "\n"
        'if __name__ == "__main__":\n'
        '    greet("a")\n',
        [(1, ""), (6, "greet"), (13, "Box"), (17, "Box > open"), (21, "Box > close"), (23, "")],
    ),
    "a.c": (
        "#include <stdio.h>\n"
        "static int count = 0;\n"
        "\n"
        "/* Adds. */\n"
        "static int add(int a, int b)\n"
        "{\n"
        "    if (a) {\n"
        "        return a + b;\n"
        "    }\n"
        "    return b;\n"
        "}\n"
        "\n"
        "struct point {\n"
        "    int x;\n"
        "};\n"
        "\n"
        "int main(void) {\n"
        '    printf("x");\n'
        "    return add(1, 2);\n"
        "}\n",
        [(1, ""), (4, "add"), (13, "point"), (17, "main")],
    ),
    "A.java": (
        "package a;\n"
        "import java.util.List;\n"
        "\n"
        "/** Doc. */\n"
        "public class A extends B {\n"
        "    private int n = 0;\n"
        "\n"
        "    @Override\n"
        "    public List<String> names(int a) throws X {\n"
        "        if (a > 1) {\n"
        "            foo(a);\n"
        "        }\n"
        "        return null;\n"
        "    }\n"
        "\n"
        "    A() {\n"
        "        super();\n"
        "    }\n"
        "}\n",
        [(1, ""), (4, "A"), (8, "A > names"), (16, "A > A")],
    ),
    "a.ts": (
        'import { a } from "b";\n'
        "export interface Shape { area(): number }\n"
        "export const twice = (x: number): number => x * 2;\n"
        "export class Circle implements Shape {\n"
        "  area() {\n"
        "    return 3;\n"
        "  }\n"
        "}\n"
        'describe("x", () => {\n'
        '  it("y", () => {});\n'
        "});\n"
        "export default async function main() {\n"
        "  await x();\n"
        "}\n",
        [(1, ""), (2, "Shape"), (3, "twice"), (4, "Circle"), (5, "Circle > area"), (9, ""), (12, "main")],
    ),
    "a.rs": (
        "use std::fmt;\n"
        "#[derive(Debug)]\n"
        "pub struct Point { x: i32 }\n"
        "impl fmt::Display for Point {\n"
        "    fn fmt(&self) -> i32 {\n"
        "        1\n"
        "    }\n"
        "}\n"
        "pub(crate) fn run<T>(x: T) -> T {\n"
        "    x\n"
        "}\n",
        [(1, ""), (2, "Point"), (4, "fmt::Display for Point"), (5, "fmt::Display for Point > fmt"), (9, "run")],
    ),
    "a.go": (
        "package main\n"
        "type Server struct {\n"
        "\tn int\n"
        "}\n"
        "// Run runs.\n"
        "func (s *Server) Run() error {\n"
        "\treturn nil\n"
        "}\n"
        "func main() {\n"
        "}\n",
        [(1, ""), (2, "Server"), (5, "Run"), (9, "main")],
    ),
    "a.sh": ("#!/bin/sh\nset -e\nbuild() {\n  make\n}\nbuild\n", [(1, ""), (3, "build"), (6, "")]),
    "a.sql": (
        "CREATE TABLE users (\n  id int\n);\n\ncreate or replace view v as select 1;\nselect 2;\n",
        [(1, "users"), (5, "v"), (6, "")],
    ),
    "a.toml": ("a = 1\n[tool.x]\nb = [1,\n  2]\n[[many]]\nc=1\n", [(1, ""), (2, "tool.x"), (5, "many")]),
    "a.rb": (
        "module M\n  class C < D\n    def go?(x)\n      x\n    end\n  end\nend\n",
        [(1, "M"), (2, "M > C"), (3, "M > C > go?")],
    ),
}


@pytest.mark.parametrize("name", CODE)
def test_sections_of_code_begin_at_its_functions_and_classes(tmp_path: Path, name: str) -> None:
    text, expected = CODE[name]
    made = read(tmp_path, name, text)
    assert made.text == text
    assert outline(made) == expected
    assert {section.kind for section in made.sections} == {"code"}


@pytest.mark.parametrize("name", CODE)
def test_sections_of_code_cover_it_with_the_files_lines(tmp_path: Path, name: str) -> None:
    made = read(tmp_path, name, CODE[name][0])
    assert "".join(made.text[s.char_start : s.char_end] for s in made.sections) == made.text
    assert all(s.line == 1 + made.text.count("\n", 0, s.char_start) for s in made.sections)


def test_code_packed_into_one_line_is_read_in_no_time(tmp_path: Path) -> None:
    assert outline(read(tmp_path, "a.js", "a b(" * 500_000)) == [(1, "")]


def test_json_is_a_line_a_value_behind_its_path(tmp_path: Path) -> None:
    made = read(tmp_path, "a.json", '{"a": {"b": [{"c": "one\\ntwo"}, 1.50]}, "d": null, "d": true, "e": []}')
    assert made.text == "a.b[0].c: one two\na.b[1]: 1.50\nd: null\nd: true\n"


def test_jsonl_is_a_line_a_record_at_the_files_line(tmp_path: Path) -> None:
    made = read(tmp_path, "a.jsonl", '{"id": 1, "q": {"en": "Why?"}}\n\n{"id": 2}\n')
    assert made.text == "id: 1; q.en: Why?\n\nid: 2\n"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.json", "{", "is not JSON: "),
        ("a.jsonl", "{}\n\n{", "is not JSON in line 3: "),
        ("a.json", "[" * 200_000, "nests too deeply"),
        ("a.json", "{}", "holds no text"),
    ],
)
def test_json_that_cannot_be_read_is_refused_in_words(tmp_path: Path, name: str, text: str, reason: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(tmp_path, name, text)
    assert str(caught.value).startswith(reason)


RST = """=====
Guide
=====

Intro, with
a second line.

Setup
-----
Run this::

    Title
    =====

=====  =====
Name   Days
=====  =====
Ann    25
=====  =====

Deep
~~~~
+-----+-----+
| a   | b   |
+=====+=====+
| 1   | 2   |
+-----+-----+

Usage
-----
.. code-block:: python

   x = 1

after
"""


def test_restructuredtext_is_cut_at_headings_tables_and_code(tmp_path: Path) -> None:
    made = read(tmp_path, "a.rst", RST)
    assert made.text == RST
    assert made.title == "Guide"
    assert [
        (s.line, s.heading[-1:], s.kind) for s in made.sections if s.kind != "prose" or s.line in (1, 8, 21, 29)
    ] == [
        (1, ("Guide",), "prose"),
        (8, ("Setup",), "prose"),
        (11, ("Setup",), "code"),
        (16, ("Setup",), "table"),
        (21, ("Deep",), "prose"),
        (24, ("Deep",), "table"),
        (29, ("Usage",), "prose"),
        (32, ("Usage",), "code"),
    ]
    assert [s.heading for s in made.sections if s.line == 24] == [("Guide", "Setup", "Deep")]
    assert "".join(made.text[s.char_start : s.char_end] for s in made.sections) == made.text
    table = next(s for s in made.sections if s.kind == "table")
    assert made.text.startswith("Name   Days\n", table.char_start)
