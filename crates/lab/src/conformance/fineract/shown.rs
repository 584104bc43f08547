//! What a loan shows: delinquency, pauses, the next payment and its charges, as rows of the peer's tables.

use dunlin_domain::date::Date;
use dunlin_domain::fact::FactKind;
use dunlin_domain::money::Money;

use super::super::compare::{Got, Row};
use super::super::fields::Problem;
use super::loan::Loan;
use super::view;

impl Loan {
    pub(super) fn classification(&self, bucket_index: usize) -> Got {
        self.terms.buckets.get(bucket_index).map_or(Got::Absent, |bucket| Got::text(&bucket.name))
    }

    pub(super) fn delinquency(&self, today: Date) -> Result<Row, Problem> {
        let ageing = self.view(today)?.position.ageing(&self.terms)?;
        Ok(vec![
            ("classification", self.classification(self.tags.bucket_index)),
            ("delinquentAmount", Got::Amount(ageing.overdue)),
            ("delinquentDate", Got::optional_day(ageing.behind_from)),
            ("pastDueDate", Got::optional_day(ageing.obligations.first().map(|oldest| oldest.due_on))),
            ("delinquentDays", Got::Number(i64::from(ageing.days_past_due))),
            ("pastDueDays", Got::Number(i64::from(ageing.calendar_days))),
        ])
    }

    /// Looks anew at the ranges of the loan and of its instalments; what is shown of them is of the last look.
    pub(super) fn look_at_ranges(&mut self, today: Date) -> Result<(), Problem> {
        let ageing = self.view(today)?.position.ageing(&self.terms)?;
        self.tags.bucket_index = ageing.bucket_index;
        let is_behind = ageing.days_past_due > 0;
        let behind = ageing.obligations.iter().filter(|age| is_behind && age.overdue.is_positive());
        self.tags.by_instalment = behind.map(|age| (age.due_on, age.bucket_index)).collect();
        Ok(())
    }

    /// What is overdue of the instalments by bucket, once the loan as a whole is behind.
    pub(super) fn instalment_delinquency(&self, today: Date) -> Result<Vec<Row>, Problem> {
        let ageing = self.view(today)?.position.ageing(&self.terms)?;
        let mut rows: Vec<Row> = Vec::new();
        for (index, bucket) in self.terms.buckets.iter().enumerate().skip(1) {
            let is_in = |due_on: Date| self.tags.by_instalment.get(&due_on) == Some(&index);
            let in_bucket = ageing.obligations.iter().filter(|age| is_in(age.due_on));
            let sum = in_bucket.map(|age| age.overdue).try_fold(self.zero(), Money::try_add)?;
            if sum.is_positive() {
                rows.push(vec![
                    ("rangeId", Got::count(index)),
                    ("Range", Got::text(&bucket.name)),
                    ("Amount", Got::Amount(sum)),
                ]);
            }
        }
        Ok(rows)
    }

    pub(super) fn pauses(&self, today: Date) -> Result<Vec<Row>, Problem> {
        // A pause may be entered before it begins.
        let last = self.facts.iter().map(|fact| fact.value_on).max().unwrap_or(today);
        let pauses = self.view(last.max(today))?.position.pauses;
        let rows = pauses.iter().map(|pause| {
            vec![
                ("active", Got::Flag(pause.from <= today && today <= pause.through)),
                ("pausePeriodStart", Got::Day(pause.from)),
                ("pausePeriodEnd", Got::Day(pause.through)),
            ]
        });
        Ok(rows.collect())
    }

    /// Pauses and resumes as they were entered.
    pub(super) fn delinquency_actions(&self) -> Vec<Row> {
        let row = |action: &str, start: Date, end: Option<Date>| {
            vec![
                ("action", Got::text(action)),
                ("startDate", Got::Day(start)),
                ("endDate", Got::optional_day(end)),
            ]
        };
        let rows = self.facts.iter().filter_map(|fact| match fact.kind {
            FactKind::AgeingPause => Some(row("PAUSE", fact.value_on, fact.detail.through)),
            FactKind::AgeingResume => Some(row("RESUME", fact.value_on, None)),
            _ => None,
        });
        rows.collect()
    }

    /// The next payment by the peer's rule: due when the oldest unpaid instalment is, or, where money came in after
    /// that, on the day of that money; its amount is what is open of the instalment in whose period the day lies.
    pub(super) fn next_payment(&self, today: Date) -> Result<Row, Problem> {
        let view = self.view(today)?;
        let mut earliest = None;
        for row in &view.instalments {
            if earliest.is_none() && row.outstanding()?.is_positive() {
                earliest = Some(row.due_on);
            }
        }
        let paid_on = self.books.last_payment_on();
        let due_on = paid_on.map_or(earliest.unwrap_or(today), |on| on.max(earliest.unwrap_or(today)));
        let current = view.instalments.iter().find(|row| due_on <= row.due_on);
        let amount =
            current.or(view.instalments.last()).map(view::InstalmentView::outstanding).transpose()?;
        Ok(vec![
            ("classification", self.classification(self.tags.bucket_index)),
            ("nextPaymentDueDate", Got::Day(due_on)),
            ("nextPaymentAmount", amount.map_or(Got::Absent, Got::Amount)),
        ])
    }
}
