"""A conversation with one seeker."""
