"""What methods of every family share: inference, optimiser, kinds of images, densities of codes."""
