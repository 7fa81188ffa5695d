from __future__ import annotations

from pathlib import Path

import pytest

from regene_bench.cli.main import main


def new(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["new", *map(str, arguments)])
    return int(ended.value.code or 0)


def test_it_says_what_it_wrote_and_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new("method", "my-method", "--into", tmp_path / "a b") == 0
    out = capsys.readouterr().out
    assert "src/regene_bench_my_method/method.py" in out
    assert f"pip install -e '{tmp_path}/a b/my_method'" in out
    assert "regene-bench check my_method" in out
    assert "regene-bench run digits --methods my_method,real" in out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["methd", "mine"], "'method'"),
        (["method", "1st"], "small letters"),
        (["method", "../up"], "small letters"),
        (["method", "cgan"], "already"),
        (["dataset", "fashion_mnist"], "already"),
    ],
)
def test_wrong_kinds_and_names_are_refused(
    arguments: list[str], word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new(*arguments, "--into", tmp_path) == 2
    assert word in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
