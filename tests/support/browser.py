"""The Chromium that the tests drive."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = os.environ.get("HW3_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
