-- Money of the bank's that belongs to nobody yet, as far as it is in the books. `part` is that of the entry.
-- clustered
CREATE TABLE suspense (
  part BIGINT NOT NULL,
  entry_key BYTEA NOT NULL, -- of the incoming entry
  amount_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  reference TEXT NOT NULL,
  source_name TEXT NOT NULL, -- the account of the statement
  posted_on BIGINT NOT NULL, -- business date
  cleared_on BIGINT, -- business date on which it was assigned or sent back
  PRIMARY KEY (part, entry_key)
);
