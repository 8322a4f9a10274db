"""The states of lines, orders, deliveries and demands, in one place."""

STATES = [
    ("none", "Not Backordered"),
    ("ready", "Ready"),
    ("partial", "Partly Available"),
    ("backordered", "Backordered"),
    ("held", "On Hold"),
    ("fulfilled", "Fulfilled"),
    ("cancelled", "Rest Cancelled"),
]
