-- What is known of a customer besides the debt: complaints, consents, promises, times, states. An entry is ended by a
-- date and never erased. The first two bytes of an id are the part.
CREATE TABLE circumstance (
  part BIGINT NOT NULL,
  circumstance_id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  agreement_id BYTEA, -- set when it is about one agreement only
  contact_point_id BYTEA, -- set when it is about one number or address only
  from_on BIGINT NOT NULL,
  through_on BIGINT, -- missing while no end is known
  reason TEXT NOT NULL,
  evidence TEXT NOT NULL, -- where what proves it is kept
  recorded_at BIGINT NOT NULL,
  recorded_by TEXT NOT NULL,
  ended_on BIGINT, -- the first day on which it did not hold any more
  ended_at BIGINT,
  ended_by TEXT,
  end_reason TEXT,
  PRIMARY KEY (part, circumstance_id)
);
CREATE INDEX circumstance_by_customer ON circumstance (part, customer_id);

-- Calls that were placed or received, ours and agencies'. A call that is being placed is pending until its outcome is
-- known; the outcome is then set once.
CREATE TABLE call_record (
  part BIGINT NOT NULL,
  call_id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  called_at BIGINT NOT NULL,
  called_on BIGINT NOT NULL, -- the day of the customer's calendar
  direction TEXT NOT NULL, -- placed, received
  outcome TEXT NOT NULL,
  contact_point_id BYTEA, -- the number, where it is known
  agreements TEXT NOT NULL, -- ids, separated by semicolons
  caller TEXT NOT NULL, -- who placed or took it: the lender or an agency
  message_id BYTEA, -- the message that was spoken, where one was
  taken TEXT NOT NULL, -- counters of the day's budgets that it took, separated by semicolons
  evidence TEXT NOT NULL,
  recorded_at BIGINT NOT NULL,
  recorded_by TEXT NOT NULL,
  PRIMARY KEY (part, call_id)
);
CREATE INDEX call_record_by_customer ON call_record (part, customer_id, called_on);
