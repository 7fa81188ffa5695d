"""What the reader of pages finds in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .commands import blocks_of, run_page

PAGE = """
```console
$ echo one   # the first
two
$ cat file.txt
```

```toml title="file.txt"
three = 3
```

<!-- docs-test: skip (it would end the world) -->
```console
$ false
```

```python
print(open("file.txt").read())
```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(PAGE.replace("$ cat file.txt\n", ""))
    return path


def test_blocks_have_commands_titles_and_skips(page: Path) -> None:
    first, file, skipped, script = blocks_of(page)
    assert first.commands == ["echo one"]
    assert (file.language, file.title, file.text) == ("toml", "file.txt", "three = 3\n")
    assert skipped.skipped
    assert not script.skipped


def test_a_page_is_done_in_its_order(page: Path, tmp_path: Path) -> None:
    assert list(run_page(page, tmp_path, os.environ)) == ["one\n", "three = 3\n\n"]


def test_a_command_that_fails_is_named(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    with pytest.raises(AssertionError, match=r"cat file\.txt"):
        list(run_page(path, tmp_path, os.environ))
