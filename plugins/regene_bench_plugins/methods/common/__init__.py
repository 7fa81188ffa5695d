"""What methods of every family share: inference in chunks, the optimiser, kinds of images."""
