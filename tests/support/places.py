"""Where things are: the project, and the real material beside it, which is not everywhere."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "real"
