"""The one error that users see: a sentence that names the file and the way out."""


class UserError(Exception):
    """Something the user can put right. The command line prints its message alone and exits with 2.

    So does a notebook: IPython asks an error for what to show instead of a traceback.
    """

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Stopped(KeyboardInterrupt):
    """An interruption of something that goes on from where it was; its message says how far that is."""

    def _render_traceback_(self) -> list[str]:
        return [f"{self}; to go on, run the cell again"]
