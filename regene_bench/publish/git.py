"""A leaderboard in a folder of a git repository, committed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from regene_bench.base.errors import UsageError
from regene_bench.base.files import write_atomically
from regene_bench.leaderboard.merge import Merged, records, without_tracebacks
from regene_bench.leaderboard.parts import write_part
from regene_bench.leaderboard.ranking import make_boards
from regene_bench.leaderboard.render import render

PAGE = "LEADERBOARD.md"


def publish_git(
    merged: Merged,
    ranks: dict[str, str],
    folder: Path,
    message: str,
    judges: Mapping[str, bytes] = MappingProxyType({}),
) -> str | None:
    """Write the runs and a page of tables into a folder and commit them, and nothing else.

    Args:
        merged: The runs, those that the folder had before among them.
        ranks: What each benchmark ranks by.
        folder: A folder of a git repository, new or of an earlier call.
        message: The commit's message.
        judges: Files of weights that judged the runs, by name.

    Returns:
        The commit, or ``None`` if nothing changed. Nothing is pushed.

    Raises:
        UsageError: It is no git repository, or git refuses; carries git's words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _git(folder, "rev-parse", "--show-toplevel")
    table = without_tracebacks(merged.table)
    paths = [write_part(folder, record) for record in records(table)]
    page = folder / PAGE
    boards = make_boards(table, ranks)
    page.write_text("# Leaderboards\n\n" + render(boards, "md"), encoding="utf-8")
    for name, content in judges.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / name, content)
    names = [path.relative_to(folder).as_posix() for path in (*paths, page)] + list(judges)
    listing = "\0".join(names)
    # weights are among what many repositories ignore
    _git(folder, "add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul", stdin=listing)
    if _staged(folder).isdisjoint(names):
        return None
    _git(
        *(folder, "commit", "--quiet", "--message", message, "--only"),
        *("--pathspec-from-file=-", "--pathspec-file-nul"),
        stdin=listing,
    )
    return _git(folder, "rev-parse", "HEAD").strip()


def _staged(folder: Path) -> set[str]:
    """Name the files below a folder whose staged content is not that of the last commit.

    Other people's files may be among them. Where there is no commit yet, all staged files are.
    """
    # git diff reads no list of paths, and thousands of runs are too many for a command line
    listing = _git(folder, "diff", "--cached", "--name-only", "--no-renames", "--relative", "-z")
    return set(listing.split("\0")) - {""}


def _git(folder: Path, *arguments: str, stdin: str = "") -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",  # other people's file names may be anything
            check=False,
            env=os.environ | {"GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1"},
        )
    except FileNotFoundError:
        raise UsageError("git is not installed.", hint="Install git.") from None
    if done.returncode:
        words = (done.stderr or done.stdout).strip() or f"exit code {done.returncode}"
        raise UsageError(
            f"git {arguments[0]} failed in {folder}: {words}",
            hint="Give a folder inside a git repository that you may commit to.",
        )
    return done.stdout
