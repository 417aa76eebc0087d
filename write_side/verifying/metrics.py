"""What verification tells, apart from the other metrics, so that a process that verifies nothing shows none."""

from typing import get_args

from prometheus_client import Gauge

from write_side.verifying.differences import Kind

KINDS = get_args(Kind)
DIFFERENCES = Gauge("doorbuster_verify_differences", "What the worker's sweep finds different from the log", ["kind"])
POSITION = Gauge("doorbuster_verify_position", "Up to here this round has verified the hash chains")
AGE = Gauge("doorbuster_verify_age_seconds", "Since the last whole round over log, rows or seals", ["sweep"])
SEALED = Gauge("doorbuster_verify_sealed_position", "Up to here the log is sealed in this worker's file")
SEALED_AT = Gauge("doorbuster_verify_sealed_timestamp_seconds", "When this worker last found the log sealed")
