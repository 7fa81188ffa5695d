"""Studies: whole experiments of a paper, as runs and what is drawn from them."""
