"""Where and in which order runs are carried out."""
