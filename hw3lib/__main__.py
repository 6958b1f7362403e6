"""``python -m hw3lib`` is ``hw3``."""

from hw3lib.cli import main

if __name__ == "__main__":
    main(prog_name="hw3")
