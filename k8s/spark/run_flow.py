"""The file that a service runs as its job: carry out the flow run that the environment names, in this process, Spark's driver."""

import runpy

runpy.run_module("prefect.engine", run_name="__main__")
