-- The books: what a posting came from, and periods that nothing can be posted in any more.

-- The fact that made the posting come about, where one did.
ALTER TABLE posting ADD COLUMN fact_id BYTEA;

-- Whoever posts into a part holds its row shared; whoever closes a period changes it.
-- clustered
CREATE TABLE period_gate (
  part BIGINT NOT NULL,
  closed_through BIGINT, -- nothing is posted on or before this business date
  PRIMARY KEY (part)
);
INSERT INTO period_gate (part) SELECT part FROM part_number;

-- Closing and opening periods, step by step; only ever inserted.
CREATE TABLE period_event (
  part BIGINT NOT NULL, -- always 0
  event_index BIGINT NOT NULL,
  action TEXT NOT NULL, -- close_proposed, closed, reopen_proposed, reopened
  business_date BIGINT NOT NULL, -- of a close the last closed date, of a reopening the first open one
  actor TEXT NOT NULL,
  at BIGINT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (part, event_index)
);

-- Running totals of what is not posted to agreements yet; `part` is the first part of a span of parts.
CREATE TABLE accrual_total (
  part BIGINT NOT NULL,
  product TEXT NOT NULL,
  kind TEXT NOT NULL, -- late_fee, late_fee_suspended
  currency TEXT NOT NULL,
  as_of BIGINT NOT NULL, -- business date through which the total runs
  total TEXT NOT NULL, -- millionths of a minor unit, decimal
  daily TEXT NOT NULL, -- what one more day adds
  PRIMARY KEY (part, product, kind)
);
INSERT INTO accrual_total (part, product, kind, currency, as_of, total, daily) SELECT part, product, 'late_fee', currency, as_of, total, daily FROM accrual;
DROP TABLE accrual;

-- What is owed by the age of the oldest overdue due date, added up; `part` is the first part of a span of parts.
-- clustered
CREATE TABLE exposure (
  part BIGINT NOT NULL,
  product TEXT NOT NULL,
  currency TEXT NOT NULL,
  current_on BIGINT NOT NULL, -- the last day without anything past due; 0: nothing is past due
  component TEXT NOT NULL,
  amount_minor BIGINT NOT NULL,
  PRIMARY KEY (part, product, currency, current_on, component)
);

-- How each provision was derived; only ever inserted. Stages without exposure and without change have no row.
-- clustered
CREATE TABLE provision (
  part BIGINT NOT NULL, -- first part of a span of parts
  business_date BIGINT NOT NULL,
  product TEXT NOT NULL,
  currency TEXT NOT NULL,
  stage TEXT NOT NULL,
  exposure_minor BIGINT NOT NULL,
  rate_millionths BIGINT NOT NULL,
  required_minor BIGINT NOT NULL,
  before_minor BIGINT NOT NULL, -- what was required by the provision before
  policy TEXT NOT NULL, -- name@version
  posting_key BYTEA, -- where the requirement changed
  PRIMARY KEY (part, business_date, product, currency, stage)
);
