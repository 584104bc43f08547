-- Everything that belongs to a customer carries `part`, first in every key. Amounts are minor units, dates
-- days since 1970-01-01, moments microseconds UTC, ids and keys sixteen bytes.

CREATE TABLE setting (
  part BIGINT NOT NULL, -- always 0
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (part, name)
);

-- The numbers 0 to 1023, so that one statement can look into every part by its index.
-- clustered
CREATE TABLE part_number (
  part BIGINT NOT NULL,
  PRIMARY KEY (part)
);
INSERT INTO part_number (part) WITH RECURSIVE n (part) AS (SELECT 0 UNION ALL SELECT part + 1 FROM n WHERE part < 1023) SELECT part FROM n;

CREATE TABLE policy_document (
  part BIGINT NOT NULL, -- always 0
  kind TEXT NOT NULL, -- product, strategy, contact_rules, template
  name TEXT NOT NULL,
  version BIGINT NOT NULL,
  effective_from BIGINT NOT NULL,
  content TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  file_name TEXT NOT NULL,
  author TEXT NOT NULL,
  approver TEXT NOT NULL,
  imported_at BIGINT NOT NULL,
  PRIMARY KEY (part, kind, name, version)
);

CREATE TABLE customer (
  part BIGINT NOT NULL,
  customer_id BYTEA NOT NULL,
  external_id TEXT NOT NULL,
  wrapped_key BYTEA NOT NULL,
  name_sealed BYTEA NOT NULL,
  language TEXT NOT NULL,
  zone TEXT NOT NULL,
  segment TEXT NOT NULL,
  opt_out TEXT NOT NULL, -- channel codes separated by ;
  content_hash BYTEA NOT NULL,
  imported_at BIGINT NOT NULL, -- moment of the import that last wrote the row, by the wall clock
  PRIMARY KEY (part, customer_id)
);

CREATE TABLE contact_point (
  part BIGINT NOT NULL,
  customer_id BYTEA NOT NULL,
  contact_point_id BYTEA NOT NULL,
  external_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  party TEXT NOT NULL,
  state TEXT NOT NULL,
  priority BIGINT NOT NULL,
  value_sealed BYTEA NOT NULL,
  lookup BYTEA NOT NULL, -- keyed hash of the normalised value
  content_hash BYTEA NOT NULL,
  imported_at BIGINT NOT NULL,
  PRIMARY KEY (part, customer_id, contact_point_id),
  FOREIGN KEY (part, customer_id) REFERENCES customer (part, customer_id)
);
CREATE INDEX contact_point_by_lookup ON contact_point (part, lookup);

-- Every change of a contact point after its first import; only ever inserted.
CREATE TABLE contact_point_change (
  part BIGINT NOT NULL,
  customer_id BYTEA NOT NULL,
  contact_point_id BYTEA NOT NULL,
  change_index BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  business_date BIGINT NOT NULL,
  actor TEXT NOT NULL,
  batch_id BYTEA, -- set when many were changed at once
  state_before TEXT NOT NULL,
  state_after TEXT NOT NULL,
  value_before_sealed BYTEA, -- set when the value itself changed
  reason TEXT NOT NULL,
  PRIMARY KEY (part, customer_id, contact_point_id, change_index)
);

-- A change of many contact points at once, undone as one.
CREATE TABLE contact_batch (
  part BIGINT NOT NULL, -- always 0
  batch_id BYTEA NOT NULL,
  made_at BIGINT NOT NULL,
  business_date BIGINT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  point_count BIGINT NOT NULL,
  undone_at BIGINT,
  PRIMARY KEY (part, batch_id)
);

-- clustered
CREATE TABLE agreement (
  part BIGINT NOT NULL,
  agreement_id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  external_id TEXT NOT NULL,
  product TEXT NOT NULL,
  product_version BIGINT NOT NULL,
  currency TEXT NOT NULL,
  opened_on BIGINT NOT NULL,
  credit_limit_minor BIGINT NOT NULL,
  statement_day BIGINT NOT NULL, -- 0: the product's; 1 to 31; 32: last day of the month
  segment TEXT NOT NULL,
  reported BIGINT NOT NULL,
  closed_on BIGINT,
  content_hash BYTEA NOT NULL,
  imported_at BIGINT NOT NULL,
  next_event_on BIGINT NOT NULL, -- first date on which anything about it can change
  refold BIGINT NOT NULL, -- 1 when facts came in since the standing was made
  redo_contact BIGINT NOT NULL, -- 1 when contact is due at once: a message failed, contact data changed
  overdue_due_on BIGINT, -- due date of the oldest overdue statement
  bucket BIGINT NOT NULL,
  overdue_minor BIGINT NOT NULL,
  owed_minor BIGINT NOT NULL,
  standing BYTEA, -- cache of the fold and the contact state; verify is its judge
  PRIMARY KEY (part, agreement_id)
);
CREATE INDEX agreement_next_event ON agreement (part, next_event_on);
CREATE INDEX agreement_by_customer ON agreement (part, customer_id);

-- Finds an agreement by the lender's id alone. `part` here is the hash of the agreement's own id.
-- clustered
CREATE TABLE agreement_directory (
  part BIGINT NOT NULL,
  agreement_id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  PRIMARY KEY (part, agreement_id)
);

-- clustered
CREATE TABLE fact (
  part BIGINT NOT NULL,
  agreement_id BYTEA NOT NULL,
  fact_id BYTEA NOT NULL,
  kind TEXT NOT NULL,
  value_on BIGINT NOT NULL,
  learned_at BIGINT NOT NULL,
  amount_minor BIGINT NOT NULL,
  instalment_count BIGINT NOT NULL,
  component TEXT NOT NULL,
  due_on BIGINT,
  target BYTEA,
  reference TEXT NOT NULL, -- the lender's own id of the row
  note TEXT NOT NULL, -- the merchant of a purchase
  content_hash BYTEA NOT NULL,
  imported_at BIGINT NOT NULL,
  PRIMARY KEY (part, agreement_id, fact_id)
);

-- clustered
CREATE TABLE verdict (
  part BIGINT NOT NULL,
  agreement_id BYTEA NOT NULL,
  from_on BIGINT NOT NULL,
  through_on BIGINT NOT NULL, -- or the day before the next verdict of the agreement
  reason TEXT NOT NULL,
  decided_on BIGINT NOT NULL, -- business date
  decided_at BIGINT NOT NULL,
  days_past_due BIGINT NOT NULL,
  bucket BIGINT NOT NULL,
  overdue_minor BIGINT NOT NULL,
  strategy TEXT,
  strategy_row TEXT,
  rules TEXT,
  message_id BYTEA,
  evidence TEXT NOT NULL,
  PRIMARY KEY (part, agreement_id, from_on)
);

CREATE TABLE message (
  part BIGINT NOT NULL,
  message_id BYTEA NOT NULL,
  agreement_id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  contact_point_id BYTEA,
  channel TEXT,
  template TEXT NOT NULL,
  language TEXT NOT NULL,
  strategy TEXT NOT NULL,
  strategy_row TEXT NOT NULL,
  state TEXT NOT NULL,
  state_at BIGINT NOT NULL,
  state_detail TEXT NOT NULL,
  business_date BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  next_attempt_at BIGINT, -- set while something is to be done
  attempt_count BIGINT NOT NULL,
  provider TEXT,
  provider_reference TEXT,
  claimed_by TEXT, -- the worker that is handing it over; set while state is sending
  pause_id BYTEA, -- set on a held notice
  replaces BYTEA, -- the held notice that this one replaces
  PRIMARY KEY (part, message_id)
);
CREATE INDEX message_due ON message (part, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX message_by_agreement ON message (part, agreement_id);
CREATE INDEX message_by_day ON message (part, business_date);

-- One try to hand a message to a provider, written before the try; only ever inserted.
-- clustered
CREATE TABLE attempt (
  part BIGINT NOT NULL,
  message_id BYTEA NOT NULL,
  attempt_index BIGINT NOT NULL,
  attempt_id BYTEA NOT NULL,
  provider TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  PRIMARY KEY (part, message_id, attempt_index)
);

-- What the provider answered; only ever inserted.
-- clustered
CREATE TABLE attempt_outcome (
  part BIGINT NOT NULL,
  message_id BYTEA NOT NULL,
  attempt_index BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  code TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (part, message_id, attempt_index)
);

-- A provider's later word on a message; only ever inserted.
-- clustered
CREATE TABLE receipt (
  part BIGINT NOT NULL,
  message_id BYTEA NOT NULL,
  receipt_key BYTEA NOT NULL,
  state TEXT NOT NULL,
  code TEXT NOT NULL,
  at BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  PRIMARY KEY (part, message_id, receipt_key)
);

-- How often a person was contacted on a day of their calendar; `counter_key` names person or number and kind.
-- clustered
CREATE TABLE contact_count (
  part BIGINT NOT NULL,
  counter_key BYTEA NOT NULL,
  day BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (part, counter_key, day)
);

-- One debit and one credit of the same amount; only ever inserted. `agreement_id` is missing on accruals.
-- clustered
CREATE TABLE posting (
  part BIGINT NOT NULL,
  posting_key BYTEA NOT NULL,
  business_date BIGINT NOT NULL,
  agreement_id BYTEA,
  product TEXT NOT NULL,
  debit TEXT NOT NULL,
  credit TEXT NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  cause TEXT NOT NULL,
  PRIMARY KEY (part, posting_key)
);
CREATE INDEX posting_by_day ON posting (part, business_date);

-- Running totals of late fees not yet posted to agreements; `part` is the first part of a span of parts.
CREATE TABLE accrual (
  part BIGINT NOT NULL,
  product TEXT NOT NULL,
  currency TEXT NOT NULL,
  as_of BIGINT NOT NULL, -- business date through which the total runs
  total TEXT NOT NULL, -- millionths of a minor unit, decimal
  daily TEXT NOT NULL, -- what one more day adds
  PRIMARY KEY (part, product)
);

-- The moment at which a business date was first run; every worker and every repeat uses the same one.
CREATE TABLE business_day (
  part BIGINT NOT NULL, -- always 0
  business_date BIGINT NOT NULL,
  decided_at BIGINT NOT NULL,
  is_late BIGINT NOT NULL,
  PRIMARY KEY (part, business_date)
);

-- A span of parts has been worked for a business date.
CREATE TABLE span_day (
  part BIGINT NOT NULL, -- first part of the span
  business_date BIGINT NOT NULL,
  closed_at BIGINT NOT NULL, -- 0 while it is open
  agreement_count BIGINT NOT NULL,
  verdict_count BIGINT NOT NULL,
  message_count BIGINT NOT NULL,
  PRIMARY KEY (part, business_date)
);

CREATE TABLE work_lease (
  part BIGINT NOT NULL, -- first part of the span
  epoch BIGINT NOT NULL,
  holder TEXT NOT NULL,
  until_at BIGINT NOT NULL,
  PRIMARY KEY (part)
);

CREATE TABLE pause (
  part BIGINT NOT NULL, -- always 0
  pause_id BYTEA NOT NULL,
  kind TEXT NOT NULL,
  channels TEXT NOT NULL,
  products TEXT NOT NULL,
  buckets TEXT NOT NULL,
  from_on BIGINT NOT NULL,
  through_on BIGINT NOT NULL,
  reason_zh TEXT NOT NULL,
  reason_en TEXT NOT NULL,
  author TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  ended_on BIGINT,
  ended_by TEXT,
  PRIMARY KEY (part, pause_id)
);

CREATE TABLE incident (
  part BIGINT NOT NULL, -- always 0
  incident_id BYTEA NOT NULL,
  channel TEXT NOT NULL,
  provider TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  first_message BYTEA,
  detail TEXT NOT NULL,
  failure_count BIGINT NOT NULL,
  last_failed_at BIGINT NOT NULL,
  closed_at BIGINT,
  PRIMARY KEY (part, incident_id)
);
