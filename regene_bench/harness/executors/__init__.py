"""How runs are carried out."""
