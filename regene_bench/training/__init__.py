"""Building blocks of training that methods share."""
