"""What a run computes on: device, seeds, checkpoints, stop, progress."""
