-- Messages of a cohort whose attempt got no answer, and of which nothing is known since.
ALTER TABLE sending_cohort ADD COLUMN unanswered BIGINT NOT NULL DEFAULT 0;
