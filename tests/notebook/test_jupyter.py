"""What a notebook's cells show, in a real Jupyter kernel."""

from __future__ import annotations

import base64
import io
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")
AsyncKernelManager = pytest.importorskip("jupyter_client").AsyncKernelManager
KernelSpecManager = pytest.importorskip("jupyter_client.kernelspec").KernelSpecManager

TRAIN = """
import regene_bench
board = regene_bench.run(
    PROTOCOL, methods=["real", "cgan[width=2|4]"],
    settings={"cgan": {"images": 64, "discriminator_width": 4}}, results=RESULTS, device="cpu")
board
"""
ENDLESS = """
regene_bench.run(
    PROTOCOL, methods="cgan", settings={"cgan": {"images": 10**9}}, results=RESULTS, device="cpu")
"""


class Notebook:
    """Cells carried out one after the other in one kernel.

    Args:
        client: Carries them out.
        runs: Where their runs keep what they are at.
    """

    def __init__(self, client: Any, runs: Path) -> None:
        self._client = client
        self.runs = runs

    @property
    def kernel(self) -> Any:
        return self._client.km

    def outputs(self, source: str, *, raises: bool = False) -> list[Any]:
        """Carry out a cell; an error in it fails the test unless it is expected."""
        cell = nbformat.v4.new_code_cell(source)
        if raises:
            cell.metadata["tags"] = ["raises-exception"]
        self._client.nb.cells.append(cell)
        self._client.execute_cell(cell, len(self._client.nb.cells) - 1)
        return list(cell.outputs)

    def shown(self, source: str) -> Any:
        """What a cell's last line shows, by kind of content."""
        (only,) = [out for out in self.outputs(source) if out.output_type == "execute_result"]
        return only.data


@pytest.fixture(scope="module")
def notebook(light_protocol: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    folder = tmp_path_factory.mktemp("notebook")
    kernel = {"name": "python3", "display_name": "Python", "language": "python"}
    empty = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    # the kernel of the interpreter that runs the tests, whatever else is registered
    specs = KernelSpecManager(kernel_dirs=[])
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)
    client = nbclient.NotebookClient(
        empty, km=manager, timeout=300, resources={"metadata": {"path": str(folder)}}
    )
    with client.setup_kernel():
        ours = Notebook(client, folder / "results" / "runs")
        ours.outputs(f"PROTOCOL = {str(light_protocol)!r}; RESULTS = 'results'\n" + TRAIN)
        yield ours


def picture_of(shown: Any) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(shown["image/png"])))


def test_a_board_is_a_table_with_pictures(notebook: Notebook) -> None:
    page = notebook.shown("board")["text/html"]
    assert page.count("<img ") == 3
    assert "width=2" in page


def test_samples_of_a_line_are_a_picture(notebook: Notebook) -> None:
    picture = picture_of(notebook.shown("board['cgan[width=4]'].samples(n=40)"))
    # ten classes a column of rows, four images a class
    assert picture.height / picture.width == 10 / 4


def test_a_loaded_model_generates(notebook: Notebook) -> None:
    shown = notebook.shown(
        "drawn = regene_bench.load(board['cgan[width=4]'].run_ids[0], results=RESULTS)"
        ".generate(['3', '7'])\ntuple(drawn.images.shape)"
    )
    assert shown["text/plain"] == "(2, 1, 8, 8)"


def test_progress_leaves_one_block_of_output(notebook: Notebook) -> None:
    # a cell whose runs are finished tells so, and keeps no bar
    outputs = notebook.outputs(TRAIN)
    texts = "".join(out.text for out in outputs if out.output_type == "stream")
    assert texts.count("\n") < 20
    assert "Traceback" not in texts


def test_an_interrupted_cell_keeps_the_kernel_and_the_training(notebook: Notebook) -> None:
    finished = set(notebook.runs.iterdir())

    def interrupt() -> None:
        while not set(notebook.runs.iterdir()) - finished:
            time.sleep(0.05)
        time.sleep(1)  # within the training, which would take days
        process = notebook.kernel.provisioner.process
        process.send_signal(signal.SIGINT)  # as the button for it does

    threading.Thread(target=interrupt, daemon=True).start()
    outputs = notebook.outputs(ENDLESS, raises=True)
    (error,) = [out for out in outputs if out.output_type == "error"]
    assert error.ename == "Interrupted"
    (begun,) = set(notebook.runs.iterdir()) - finished
    assert any((begun / "checkpoints").iterdir())
    assert notebook.shown("len(board.boards)")["text/plain"] == "1"
