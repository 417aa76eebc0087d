"""What the write side counts, under the names that alerts go by; docs/operating.md says what each is good for."""

from prometheus_client import Counter, Gauge, Histogram

_CALL_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

GROUP_COMMANDS = Histogram(
    "doorbuster_group_commands", "Commands that shared a call to Postgres", ["group"], buckets=(1, 2, 4, 8, 16, 24)
)
GROUP_WAITING = Gauge("doorbuster_group_waiting", "Commands that wait for such a call", ["group"])
CARRIER_CALLS = Counter("doorbuster_carrier_calls", "Calls to the carrier", ["operation", "outcome"])
VAT_CHECKS = Counter("doorbuster_vat_checks", "VAT ids that were looked up", ["found"])
TAXES_ANSWERED = Counter("doorbuster_taxes_answered", "Answers about taxes, where a service is asked first", ["by"])
STRIPE_CALLS = Counter("doorbuster_stripe_calls", "Calls to Stripe", ["operation", "outcome"])
STRIPE_SECONDS = Histogram(
    "doorbuster_stripe_call_seconds", "Time until Stripe had answered, or not", ["operation"], buckets=_CALL_SECONDS
)
STRIPE_CIRCUIT = Gauge("doorbuster_stripe_circuit", "1 while Stripe is left alone, but for a probe now and then")
STRIPE_CIRCUIT_OPENED = Counter("doorbuster_stripe_circuit_opened", "Times that Stripe was left alone for a while")
PAYMENT_FACTS = Counter(
    "doorbuster_payment_facts", "What was learnt of a payment, from webhook, client or worker", ["verdict"]
)
PAYMENT_ATTEMPTS = Counter("doorbuster_payment_attempts", "The worker's work on payments", ["todo", "outcome"])
REFUND_FACTS = Counter("doorbuster_refund_facts", "What was learnt of a refund, from webhook or worker", ["verdict"])
REFUND_ATTEMPTS = Counter("doorbuster_refund_attempts", "The worker's work on refunds", ["outcome"])
MAILS = Counter("doorbuster_mails", "Mails tried", ["kind", "outcome"])
MAIL_SECONDS = Histogram(
    "doorbuster_mail_seconds", "Time to hand a mail over, or to fail to", ["kind"], buckets=_CALL_SECONDS
)
WEBHOOKS = Counter("doorbuster_webhooks", "Outgoing webhooks tried", ["outcome"])
WEBHOOK_SECONDS = Histogram(
    "doorbuster_webhook_seconds", "Time until a receiver had answered, or not", buckets=_CALL_SECONDS
)
WAITING = Gauge("doorbuster_waiting", "Rows that wait for the worker (due) or for a person (alarm, left)", ["what"])
WAITING_AGE = Gauge("doorbuster_waiting_oldest_seconds", "How long the oldest due row has been due", ["what"])
STEP_RUNS = Counter("doorbuster_step_runs", "Rounds of the worker's steps: worked, idle or failed", ["step", "outcome"])
STEP_ITEMS = Counter("doorbuster_step_items", "What the rounds did, whatever came of it", ["step"])
STEP_SECONDS = Histogram(
    "doorbuster_step_seconds", "Time of rounds that had something to do", ["step"], buckets=_CALL_SECONDS
)
REACTION_LAG = Gauge("doorbuster_reaction_lag_positions", "From the safe position back to a reaction's", ["reaction"])
REACTION_BEHIND = Gauge(
    "doorbuster_reaction_behind_seconds", "Since this worker last found the reaction caught up", ["reaction"]
)
