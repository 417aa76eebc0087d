"""What verification tells, apart from the other metrics, so that a process that verifies nothing shows none."""

from prometheus_client import Gauge

SEALED = Gauge("doorbuster_verify_sealed_position", "Up to here the log is sealed in this worker's file")
SEALED_AT = Gauge("doorbuster_verify_sealed_timestamp_seconds", "When this worker last found the log sealed")
