"""From suites to runs that are finished."""
