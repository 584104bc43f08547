-- Calls that agents are to place: one row for each message by voice that waits for an agent or was given to one.
CREATE TABLE call_task (
  part BIGINT NOT NULL,
  message_id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  agreement_id BYTEA NOT NULL,
  business_date BIGINT NOT NULL,
  place BIGINT NOT NULL, -- 0 the customer asked to be called at this time, 1 any other
  value_minor BIGINT NOT NULL, -- what is owed about it, in minor units of the currency
  currency TEXT NOT NULL,
  offered_at BIGINT NOT NULL,
  state TEXT NOT NULL, -- open, leased, dialled, lost, done, withdrawn
  agent TEXT,
  lease_until BIGINT,
  call_id BYTEA,
  result TEXT,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (part, message_id)
);
CREATE INDEX call_task_by_state ON call_task (part, state, place, value_minor);
CREATE INDEX call_task_by_date ON call_task (part, business_date);
