"""From what a user asks to a list of runs."""
