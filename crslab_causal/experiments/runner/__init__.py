"""Run the trainings that suites need: the folder of each run, and the execution of runs that are not finished."""
