"""What a user asks for has one form, whether it came from the command line or from Python."""

from __future__ import annotations

from pathlib import Path

from regene_bench.harness.options import Options, make_options


def test_what_is_not_asked_for_has_its_default() -> None:
    assert make_options() == Options()


def test_lists_and_tables_of_python_are_the_texts_of_the_command_line() -> None:
    from_python = make_options(
        methods=["regene", "cgan[noise_dim=0|2]"],
        seeds=[3, 5],
        metrics=["fid", "kid"],
        settings={"cgan": {"epochs": 3, "width": 8}, "regene": {"encoder": "conv"}},
        results="out",
        data=["here", Path("there")],
    )
    from_the_command_line = make_options(
        methods="regene,cgan[noise_dim=0|2]",
        seeds="3,5,",
        metrics="fid,kid",
        settings=["cgan.epochs=3", "cgan.width=8", 'regene.encoder="conv"'],
        results=Path("out"),
        data=[Path("here"), Path("there")],
    )
    assert from_python == from_the_command_line


def test_one_seed_in_a_list_is_that_seed_and_a_number_is_how_many() -> None:
    assert make_options(seeds=[5]).seeds == "5,"
    assert make_options(seeds=5).seeds == "5"
    assert make_options(seeds="").seeds == ""


def test_a_number_of_workers_asks_for_workers_unless_an_executor_is_named() -> None:
    assert make_options().executor == "serial"
    assert make_options(workers=2).executor == "workers"
    assert make_options(workers=2, executor="stacked").executor == "stacked"
