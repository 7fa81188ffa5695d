"""Figures and tables that studies make of their runs."""
