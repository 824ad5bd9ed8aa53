"""Systems, which train, test and save models."""
