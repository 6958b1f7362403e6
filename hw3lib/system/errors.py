"""The one error that users see: a sentence that names the file and the way out."""


class UserError(Exception):
    """Something the user can put right. The command line prints its message alone and exits with 2."""
