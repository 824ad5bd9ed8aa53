#!/usr/bin/env python
"""Run a configuration: ``python run_crslab.py --config config/causal_redial.yaml``."""

import sys

from crslab_causal.command_line.run import main

if __name__ == '__main__':
    sys.exit(main())
