"""Running what suites need: the folder of each run, and the training of runs that are not finished."""
