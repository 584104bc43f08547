-- A quote for paying off one plan or everything; only ever inserted. Its id is hashed from what it says, and carries the
-- part in its first two bytes.
CREATE TABLE payoff_quote (
  part BIGINT NOT NULL,
  quote_id BYTEA NOT NULL,
  agreement_id BYTEA NOT NULL,
  plan_id BYTEA, -- the purchase or statement plan; missing when it is for everything
  quoted_on BIGINT NOT NULL,
  holds_through BIGINT NOT NULL,
  total_minor BIGINT NOT NULL, -- what has to come in: the components less unapplied credit
  credit_minor BIGINT NOT NULL,
  late_fee_minor BIGINT NOT NULL,
  charge_minor BIGINT NOT NULL,
  interest_minor BIGINT NOT NULL,
  instalment_fee_minor BIGINT NOT NULL,
  principal_minor BIGINT NOT NULL,
  spared_minor BIGINT NOT NULL, -- interest and fees to come that are not charged
  currency TEXT NOT NULL,
  quoted_by TEXT NOT NULL,
  quoted_at BIGINT NOT NULL,
  PRIMARY KEY (part, quote_id)
);
CREATE INDEX payoff_quote_by_agreement ON payoff_quote (part, agreement_id, quoted_at);
