-- What rounding span by span left out of the books at the end of the last closed day: the sum over all spans, rounded once, less
-- the sum of the spans' rounded amounts. So the books are the same however many spans a database has.
CREATE TABLE rounding (
  part BIGINT NOT NULL, -- always 0
  product TEXT NOT NULL,
  currency TEXT NOT NULL,
  subject TEXT NOT NULL, -- an accrual's kind, or provision
  stage TEXT NOT NULL, -- a provision's stage, or empty
  amount_minor BIGINT NOT NULL, -- what is posted, negative when the spans came to more
  PRIMARY KEY (part, product, currency, subject, stage)
);
