"""Encoders and decoders of conversations as text."""
