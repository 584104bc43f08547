-- How many messages a provider was given in a second, over all workers.
-- clustered
CREATE TABLE provider_rate (
  part BIGINT NOT NULL, -- always 0
  provider TEXT NOT NULL,
  second BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (part, provider, second)
);

-- What receipts said of a provider's messages in an hour, over all workers: its health.
-- clustered
CREATE TABLE provider_tally (
  part BIGINT NOT NULL, -- always 0
  provider TEXT NOT NULL,
  channel TEXT NOT NULL,
  hour BIGINT NOT NULL,
  delivered BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  PRIMARY KEY (part, provider, channel, hour)
);
