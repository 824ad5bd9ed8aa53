"""The one exception a user should ever see."""


class UserError(Exception):
    """A mistake in the configuration, the data or the command line.

    The message is one line that says what is wrong, where, and what to do. ``run_crslab.py`` prints
    it without a traceback and exits with status 2.
    """
