"""Carrying runs out, from fit to part."""
