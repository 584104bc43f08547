-- How many contact points of customers who were known before were added or overwritten on a business date.
-- clustered
CREATE TABLE contact_change_count (
  part BIGINT NOT NULL,
  business_date BIGINT NOT NULL,
  kind TEXT NOT NULL, -- added, overwritten
  n BIGINT NOT NULL,
  PRIMARY KEY (part, business_date, kind)
);
