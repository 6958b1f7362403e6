"""``python -m hw3lib`` is ``hw3``."""

import os

from hw3lib.cli import main
from hw3lib.system import cost

if __name__ == "__main__":
    if "HW3_PIPELINE" in os.environ:  # a step of the pipeline, which tells what each of them took
        cost.tell_at_exit()
    main(prog_name="hw3")
