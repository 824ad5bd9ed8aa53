"""Run ``crslab-causal`` as ``python -m crslab_causal``."""

import sys

from crslab_causal.command_line.main import main

if __name__ == '__main__':
    sys.exit(main())
