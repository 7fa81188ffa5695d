"""Charts of a leaderboard: Vega-Lite specifications, the same on a page and in a paper."""
