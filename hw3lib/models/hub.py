"""The Hugging Face hub: what its cache holds, and whether it can be reached."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def cached(repository: str, names: Sequence[str], **options: Any) -> Path | None:
    """The first of the files that the hub's cache holds; ``options`` are those of ``try_to_load_from_cache``."""
    from huggingface_hub import try_to_load_from_cache

    kept = (try_to_load_from_cache(repository, name, **options) for name in names)
    return next((Path(path) for path in kept if isinstance(path, str)), None)


def reach() -> None:
    """One short try, before the hub's client would retry for most of a minute. Raises OSError where there is no hub."""
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=10)
    except Exception as error:  # of the client's library, whichever it is
        raise OSError(str(error)) from error
