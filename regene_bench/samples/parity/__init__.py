"""Numbers checked with somebody else's code: the same images and weights, other libraries."""
