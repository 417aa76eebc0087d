-- What the buyer's bank says of a payment, in the provider's words; a check may begin with it where nothing was assessed.
ALTER TABLE fraud_check ADD COLUMN dispute_id text NOT NULL DEFAULT '',
                        ADD COLUMN dispute_status text NOT NULL DEFAULT '',
                        ADD COLUMN dispute_reason text NOT NULL DEFAULT '';
CREATE INDEX fraud_dispute_unanswered ON fraud_check (id)
    WHERE dispute_status IN ('needs_response', 'warning_needs_response');
