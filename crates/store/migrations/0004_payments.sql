-- What a command, a call-back or a bank file recorded under the caller's reference, so that a repeat is known whichever
-- agreement it names. `part` is the hash of the key.
-- clustered
CREATE TABLE fact_reference (
  part BIGINT NOT NULL,
  reference_key BYTEA NOT NULL, -- hashed from the kind of fact and the reference
  agreement_id BYTEA, -- set when it is about one agreement
  customer_id BYTEA, -- set when it is a payment over several agreements of a customer
  as_of BIGINT NOT NULL, -- the day at whose end the answer stood
  PRIMARY KEY (part, reference_key)
);

-- A payment that was split over several agreements of one customer.
CREATE TABLE customer_payment (
  part BIGINT NOT NULL,
  payment_key BYTEA NOT NULL, -- the reference_key of its reference
  customer_id BYTEA NOT NULL,
  reference TEXT NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  value_on BIGINT NOT NULL,
  designated TEXT NOT NULL, -- the agreements that the customer named, separated by line breaks
  actor TEXT NOT NULL,
  recorded_at BIGINT NOT NULL,
  PRIMARY KEY (part, payment_key)
);

-- One part of such a payment; only ever inserted.
-- clustered
CREATE TABLE customer_payment_share (
  part BIGINT NOT NULL,
  payment_key BYTEA NOT NULL,
  share_index BIGINT NOT NULL,
  agreement_id BYTEA NOT NULL,
  due_on BIGINT, -- missing for credit
  rank TEXT NOT NULL, -- designated, due, not_yet_due, credit
  amount_minor BIGINT NOT NULL,
  PRIMARY KEY (part, payment_key, share_index)
);

-- What a payment gateway or a bank says happened, kept whatever becomes of it. `part` is the hash of the group: all that
-- is said of one payment lies together, so that what comes before its payment is found when that comes.
CREATE TABLE incoming (
  part BIGINT NOT NULL,
  group_key BYTEA NOT NULL,
  entry_key BYTEA NOT NULL,
  source TEXT NOT NULL, -- gateway, bank_file
  source_name TEXT NOT NULL, -- the gateway, or the account of the statement
  kind TEXT NOT NULL, -- payment, refund, reversal, return, outgoing
  reference TEXT NOT NULL, -- the reference that its fact has or gets
  target TEXT, -- the reference of the payment that it acts on
  named TEXT, -- the agreement or customer reference that it names, as it stands there
  amount TEXT NOT NULL, -- as it stands there
  currency TEXT NOT NULL,
  value_on BIGINT NOT NULL,
  booked_on BIGINT,
  end_to_end_id TEXT,
  text TEXT NOT NULL, -- remittance text or reason, as it stands there
  statement_key BYTEA, -- the statement that it stands in
  content_hash BYTEA NOT NULL,
  received_at BIGINT NOT NULL,
  state TEXT NOT NULL, -- applied, waiting, unmatched, outgoing, sent_back
  state_at BIGINT NOT NULL,
  code TEXT NOT NULL, -- why it is not applied
  detail TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  agreement_id BYTEA, -- set once it is applied
  is_open BIGINT NOT NULL, -- 1 while somebody or something must still come to it
  PRIMARY KEY (part, group_key, entry_key)
);
CREATE INDEX incoming_open ON incoming (part, received_at) WHERE is_open = 1;

-- Each time that one of them came again; only ever inserted.
-- clustered
CREATE TABLE incoming_repeat (
  part BIGINT NOT NULL,
  group_key BYTEA NOT NULL,
  entry_key BYTEA NOT NULL,
  received_at BIGINT NOT NULL,
  is_same BIGINT NOT NULL, -- 0 when the content was another one
  PRIMARY KEY (part, group_key, entry_key, received_at)
);

-- A bank statement that was imported. `part` is the hash of the key.
CREATE TABLE bank_statement (
  part BIGINT NOT NULL,
  statement_key BYTEA NOT NULL, -- hashed from account and statement id
  account TEXT NOT NULL,
  statement_id TEXT NOT NULL,
  currency TEXT NOT NULL,
  opening TEXT, -- decimal, with its sign; missing where the file gives none
  closing TEXT,
  entry_count BIGINT NOT NULL,
  content_hash BYTEA NOT NULL,
  file_name TEXT NOT NULL,
  actor TEXT NOT NULL,
  imported_at BIGINT NOT NULL,
  PRIMARY KEY (part, statement_key)
);

-- A waiver that was asked for. Its id carries the part in its first two bytes.
CREATE TABLE waiver (
  part BIGINT NOT NULL,
  waiver_id BYTEA NOT NULL,
  agreement_id BYTEA NOT NULL,
  component TEXT NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  value_on BIGINT NOT NULL,
  due_on BIGINT, -- only what is due on this date
  reason TEXT NOT NULL,
  note TEXT NOT NULL,
  reference TEXT NOT NULL,
  requested_by TEXT NOT NULL,
  requested_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  state TEXT NOT NULL, -- recorded, pending, approved, rejected, expired
  decided_by TEXT,
  decided_at BIGINT,
  decision_note TEXT,
  PRIMARY KEY (part, waiver_id)
);
CREATE INDEX waiver_by_agreement ON waiver (part, agreement_id);
CREATE INDEX waiver_pending ON waiver (part, requested_at) WHERE state = 'pending';

-- Call-backs that were refused because their signature is missing, wrong or out of date, counted by gateway and day.
CREATE TABLE forged_callback (
  part BIGINT NOT NULL, -- always 0
  gateway TEXT NOT NULL,
  day BIGINT NOT NULL,
  reason TEXT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (part, gateway, day, reason)
);
