"""Files of one's own reach the kernel message by message, and are handed on together."""

from __future__ import annotations

from collections.abc import Sequence

from hw3lib.display.files import FileField, OwnFile


def test_the_files_of_one_drop_are_handed_on_at_once_and_in_their_order() -> None:
    taken: list[Sequence[OwnFile]] = []
    field = FileField(taken.append, "your own", ".png,.jpg")
    assert (field.label, field.accept, field.drops) == ("your own", ".png,.jpg", True)
    field._handle_custom_msg({"file": "a.png", "bytes": 3, "left": 1}, [memoryview(b"abc")])
    field._handle_custom_msg({"something": "else"}, [])
    assert taken == []
    field._handle_custom_msg({"file": "b.png", "bytes": 30_000_000, "left": 0}, [])
    assert taken == [[OwnFile("a.png", 3, b"abc"), OwnFile("b.png", 30_000_000, None)]]
    field._handle_custom_msg({"file": "c.png", "bytes": 1, "left": 0}, [memoryview(b"c")])
    assert taken[1:] == [[OwnFile("c.png", 1, b"c")]]


def test_its_script_is_one_module_that_asks_for_nothing() -> None:
    script = FileField._esm
    text = script if isinstance(script, str) else str(script)
    assert text.count("export") == 1
    assert "import " not in text
    assert text.index("function takeDrops") < text.index("function render")
