"""Failing is an answer, too."""


def attempt(check):
    """The problems that a check finds, or the error it ends with: what a program cannot read is a problem of the file."""
    try:
        return list(check())
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # A panic in polars is no Exception.
        return [f"{type(error).__name__}: {str(error)[:300]}"]
