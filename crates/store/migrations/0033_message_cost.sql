-- What a provider charges for an attempt that it took; only ever inserted. An attempt that was not taken has no row.
-- clustered
CREATE TABLE message_cost (
  part BIGINT NOT NULL,
  message_id BYTEA NOT NULL,
  attempt_index BIGINT NOT NULL,
  provider TEXT NOT NULL,
  channel TEXT NOT NULL,
  charged_on BIGINT NOT NULL, -- the day of the lender's calendar
  currency TEXT NOT NULL,
  unit_count BIGINT NOT NULL, -- segments of a text message, else 1
  cost_micros BIGINT NOT NULL, -- of all units together, in millionths of the currency's unit: less than a cent counts
  PRIMARY KEY (part, message_id, attempt_index)
);
