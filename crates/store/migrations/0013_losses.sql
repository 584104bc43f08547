-- Charge-off, write-off and sale of agreements: what was asked for, and what a second person said. The id carries the
-- part in its first two bytes.
CREATE TABLE loss (
  part BIGINT NOT NULL,
  loss_id BYTEA NOT NULL, -- hashed from the agreement and the reference
  agreement_id BYTEA NOT NULL,
  kind TEXT NOT NULL, -- charge_off, write_off, sale
  owed_minor BIGINT NOT NULL, -- what was owed on the day from which it counts, when it was asked for
  price_minor BIGINT NOT NULL, -- what the buyer pays; zero but for a sale
  currency TEXT NOT NULL,
  value_on BIGINT NOT NULL,
  reason TEXT NOT NULL,
  note TEXT NOT NULL,
  reference TEXT NOT NULL,
  sale_id BYTEA, -- the sale it is a part of
  requested_by TEXT NOT NULL,
  requested_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  state TEXT NOT NULL, -- recorded, pending, approved, rejected, expired
  decided_by TEXT,
  decided_at BIGINT,
  decision_note TEXT,
  PRIMARY KEY (part, loss_id)
);
CREATE INDEX loss_by_agreement ON loss (part, agreement_id);
CREATE INDEX loss_by_sale ON loss (part, sale_id) WHERE sale_id IS NOT NULL;
CREATE INDEX loss_pending ON loss (part, requested_at) WHERE state = 'pending';

-- A sale of claims (债权转让) to one buyer. Its agreements are rows of loss.
CREATE TABLE claim_sale (
  part BIGINT NOT NULL, -- always 0
  sale_id BYTEA NOT NULL, -- hashed from the reference
  reference TEXT NOT NULL,
  buyer_zh TEXT NOT NULL,
  buyer_en TEXT NOT NULL,
  buyer_contact TEXT NOT NULL, -- where customers reach the buyer
  sold_on BIGINT NOT NULL,
  content_hash BYTEA NOT NULL, -- of all that was asked for: a repeat is known by it
  note TEXT NOT NULL,
  requested_by TEXT NOT NULL,
  requested_at BIGINT NOT NULL,
  PRIMARY KEY (part, sale_id)
);
