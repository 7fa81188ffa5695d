"""Damaged and made-up files and objects, the same ones each time: no run of the tests is luckier.

``benchmarks/fuzz_readers.py`` tries other ones, and many more.
"""
