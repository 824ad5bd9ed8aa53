"""Systems: training, testing and checkpoints."""
