"""The HTTP conventions both APIs share. The one place in `shared` that knows a web framework, on purpose.

Two APIs that must answer alike in errors, correlation, CORS, health and metrics either share this or drift apart. What
all five processes show of themselves stands here too: health, metrics, pools, log lines and traces.
`problems` and `correlation` import nothing but the standard library and msgspec, so that anything may use them.
"""
