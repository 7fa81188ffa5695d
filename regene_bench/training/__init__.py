"""The contract of methods, what their models can do, and the training loop that all share."""
