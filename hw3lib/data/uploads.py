"""Photographs of one's own that come as bytes: their size is asked before anything is decoded."""

from __future__ import annotations

import io
import warnings

from PIL import Image

from hw3lib.data.images import open_image
from hw3lib.system.errors import UserError

MOST_BYTES = 20 * 2**20  # of a file
MOST_PIXELS = 80_000_000  # of it, once decoded: 240 MB as RGB
LONGEST = 1600  # px that are kept of it: more than any model here or any screen shows


def read_upload(name: str, content: bytes) -> Image.Image:
    """A file of one's own as RGB, upright, its longer side at most 1,600 px.

    Raises :class:`UserError` for more than ``MOST_BYTES`` or, before anything is decoded, ``MOST_PIXELS``, and for what
    is no image.
    """
    if len(content) > MOST_BYTES:
        raise UserError(f"{name} has {len(content) / 2**20:.0f} MB; at most {MOST_BYTES >> 20} MB are read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # asked here, with a limit of its own
            with Image.open(io.BytesIO(content)) as file:
                width, height = file.size
    except Image.DecompressionBombError:
        raise UserError(f"{name} has more than {MOST_PIXELS / 1e6:.0f} million pixels; scale it down first") from None
    except Exception:  # Pillow reports broken files in many ways; the reader below says which
        width = height = 0
    if width * height > MOST_PIXELS:
        raise UserError(
            f"{name} has {width} x {height} pixels; at most {MOST_PIXELS / 1e6:.0f} million are read: scale it down"
        )
    image = open_image(name, content)
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    return image
