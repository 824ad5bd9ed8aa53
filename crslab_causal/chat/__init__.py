"""The chat: a conversation with one seeker, in the terminal or from Python."""
