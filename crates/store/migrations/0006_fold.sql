-- What only some kinds of facts have; all of it may be absent.
ALTER TABLE fact ADD COLUMN through_on BIGINT; -- the last day of a pause, freeze or quote
ALTER TABLE fact ADD COLUMN rate_millionths BIGINT; -- a reschedule's rate
ALTER TABLE fact ADD COLUMN only_component TEXT; -- what a payment or waiver is for
ALTER TABLE fact ADD COLUMN prepayment TEXT; -- advance, shorten, lower
ALTER TABLE fact ADD COLUMN freeze_reason TEXT; -- pause, dispute, hardship
