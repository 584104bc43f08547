-- What belongs to a pause that a second person has to agree to. A pause without a row is from before there were
-- requests, and in force.
-- clustered
CREATE TABLE pause_request (
  part BIGINT NOT NULL,
  pause_id BYTEA NOT NULL,
  state TEXT NOT NULL, -- pending, approved, rejected
  per_hour BIGINT, -- the most notices an hour that go out when it ends; all at once when missing
  customer_zh TEXT NOT NULL, -- what the customer is told; empty for the usual sentence
  customer_en TEXT NOT NULL,
  decided_by TEXT,
  decided_at BIGINT,
  decision_note TEXT,
  PRIMARY KEY (part, pause_id)
);
