-- The credit line at checkout. Amounts are minor units, dates days since 1970-01-01, moments microseconds UTC.

-- Where a line stands; its row is the lock that puts all draws on one line in order. A line without a row stands as
-- its product opens it. The limit itself is the agreement's.
-- clustered
CREATE TABLE credit_line (
  part BIGINT NOT NULL,
  agreement_id BYTEA NOT NULL,
  revision BIGINT NOT NULL, -- counts the transactions that held the lock
  life TEXT NOT NULL,
  frozen_overdue BIGINT NOT NULL,
  frozen_risk BIGINT NOT NULL,
  suspended BIGINT NOT NULL,
  granted_minor BIGINT NOT NULL, -- the most that was granted; a lower limit is a reduced one
  excused_due_on BIGINT, -- due date of overdue debt in spite of which it was thawed by hand
  cured_on BIGINT, -- while frozen for overdue: first day on which nothing was overdue
  next_event_on BIGINT, -- first date on which the day's run looks at it
  PRIMARY KEY (part, agreement_id)
);
CREATE INDEX credit_line_next_event ON credit_line (part, next_event_on) WHERE next_event_on IS NOT NULL;

-- Every move of a line; only ever inserted.
-- clustered
CREATE TABLE line_change (
  part BIGINT NOT NULL,
  agreement_id BYTEA NOT NULL,
  change_index BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  business_date BIGINT NOT NULL,
  actor TEXT NOT NULL,
  command TEXT NOT NULL,
  state_before TEXT NOT NULL,
  state_after TEXT NOT NULL,
  limit_before_minor BIGINT NOT NULL,
  limit_after_minor BIGINT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (part, agreement_id, change_index)
);

-- A request at checkout with the answer that was given, and what became of it.
CREATE TABLE checkout_hold (
  part BIGINT NOT NULL,
  agreement_id BYTEA NOT NULL,
  hold_id BYTEA NOT NULL, -- hashed from agreement, merchant and the merchant's reference
  merchant TEXT NOT NULL,
  reference TEXT NOT NULL,
  category TEXT NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  instalment_count BIGINT NOT NULL,
  state TEXT NOT NULL,
  decline_reason TEXT,
  captured_minor BIGINT NOT NULL,
  available_minor BIGINT NOT NULL, -- what could be drawn after the answer
  authorised_on BIGINT NOT NULL,
  authorised_at BIGINT NOT NULL,
  expires_on BIGINT NOT NULL,
  ended_on BIGINT, -- set when it holds nothing any more
  actor TEXT NOT NULL,
  PRIMARY KEY (part, agreement_id, hold_id)
);
CREATE INDEX checkout_hold_open ON checkout_hold (part, agreement_id) WHERE state = 'open';
CREATE INDEX checkout_hold_by_reference ON checkout_hold (part, agreement_id, reference);

-- A capture of a hold, which is a purchase; only ever inserted.
-- clustered
CREATE TABLE checkout_capture (
  part BIGINT NOT NULL,
  agreement_id BYTEA NOT NULL,
  fact_id BYTEA NOT NULL, -- the purchase
  hold_id BYTEA NOT NULL,
  reference TEXT NOT NULL, -- the merchant's for this capture
  amount_minor BIGINT NOT NULL,
  releases BIGINT NOT NULL, -- 1 when the rest of the hold was freed with it
  captured_on BIGINT NOT NULL,
  captured_at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (part, agreement_id, fact_id)
);
CREATE INDEX checkout_capture_by_hold ON checkout_capture (part, agreement_id, hold_id);
