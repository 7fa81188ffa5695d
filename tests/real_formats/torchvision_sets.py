"""Layouts that torchvision reads, and arrays that Keras and MedMNIST publish."""

from __future__ import annotations

from tests.real_formats.format import Format

FORMATS: tuple[Format, ...] = ()
