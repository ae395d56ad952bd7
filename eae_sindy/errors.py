"""The one exception that this package raises on purpose."""


class EaeSindyError(Exception):
    """One line that says what is wrong and what to do about it."""
