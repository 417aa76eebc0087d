"""Names of steps that more than their own journey knows. Pure."""

DRAW = "queue: draw a place"  # a POST that the query API answers
ASK = "queue: my turn?"
TAKE = "queue: take my turn"
SHED = "shed: "  # before the name of a step that was told to come again later
