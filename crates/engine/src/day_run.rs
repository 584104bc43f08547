//! The day: every agreement on which something can change is worked, span by span and page by page.
//!
//! Each page is one transaction that also checks the worker's lease, so the run can be killed at any moment,
//! run twice, or shared by several processes. What is due is `next_event_on <= date`; a page moves that date
//! on, so the run needs no other cursor.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use dunlin_domain::amounts::Accrued;
use dunlin_domain::contact::Channel;
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::id::{Key, Part};
use dunlin_domain::ledger::{AccrualKind, Posting};
use dunlin_domain::money::{Currency, Money, Rounding};
use dunlin_store::agreement::{self, AgreementRow, Unreadable};
use dunlin_store::record::{self, Accrual, PostingRow};
use dunlin_store::run::{self, BusinessDay, Lease, Span};
use dunlin_store::{StoreError, Tx, agreement_incident, audit, exposure, gentle_mode, policy};

use crate::books::period::refuse_closed;
use crate::books::{provisions, rounding, suspense};
use crate::day_page::{AccrualChange, DayContext, DaysBefore, Troubled, first_id, work_page};
use crate::policies::Policies;
use crate::set_aside::{NOT_WORKED, close_mended, is_of_account, set_unreadable_aside};
use crate::worker::is_gone;
use crate::{Clock, Engine, EngineError};

/// Agreements of a page at most: enough to make a transaction worth its commit, few enough for the memory.
const PAGE_AGREEMENT_COUNT_MAX: usize = 4_000;
/// How long a channel counts as down after its last failure.
const PROBE_AFTER_SECONDS: i64 = 20 * 3_600;
/// How long a worker may be silent before another takes its span.
const LEASE_SECONDS: i64 = 30;
/// How long a worker waits for spans that others hold before it looks again.
const WAIT_FOR_OTHERS: std::time::Duration = std::time::Duration::from_millis(200);

/// Tells the moment; given by whoever may read the clock.
pub type Now<'n> = &'n (dyn Fn() -> Timestamp + Sync);

/// How far a day's run is.
#[derive(Clone, Copy, Debug)]
pub struct DayProgress {
    /// The day.
    pub date: BusinessDate,
    /// Agreements worked so far by this process.
    pub done: i64,
}

/// How many spans the threads of this process have closed, and a way to wait for the next.
#[derive(Default)]
struct Closings {
    count: Mutex<u64>,
    changed: Condvar,
}

impl Closings {
    fn count(&self) -> u64 {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    /// Waits until there are more than `seen`, or it is time to see what other processes did.
    fn wait(&self, seen: u64) {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(count, WAIT_FOR_OTHERS, |count| *count == seen);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// What a day came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayReport {
    /// The day.
    pub date: BusinessDate,
    /// The moment of its decisions.
    pub decided_at: Timestamp,
    /// Whether it was run after it was over, so that nobody could be contacted any more.
    pub is_late: bool,
    /// Agreements looked at.
    pub agreements: i64,
    /// Verdicts given.
    pub verdicts: i64,
    /// Messages decided on, held ones included.
    pub messages: i64,
    /// Rows that this process read for it: agreements, facts, customers, contact points.
    pub rows_read: i64,
    /// Rows that this process wrote for it: agreements, verdicts, messages, postings.
    pub rows_written: i64,
}

/// What a page did, for those who watch.
#[derive(Clone, Copy, Debug, Default)]
struct PageDone {
    agreements: i64,
    rows_read: i64,
    rows_written: i64,
}

impl Engine {
    /// The days that a run to `date` works: missed ones first, in order. Just `date` if it is closed already.
    ///
    /// # Errors
    /// [`EngineError::DayIsClosed`] for a day before the last closed one.
    pub fn days_to_run(&self, date: BusinessDate) -> Result<Vec<BusinessDate>, EngineError> {
        let Some(last_closed) = self.last_closed_day()? else {
            // A first day that was begun and not finished goes on from there.
            let first = self.day_range()?.map_or(date, |(first, _)| first.min(date));
            return Ok((first.0.days()..=date.0.days())
                .map(|day| BusinessDate(Date::from_days(day)))
                .collect());
        };
        if date < last_closed {
            return Err(EngineError::DayIsClosed { asked: date.0, last_closed: last_closed.0 });
        }
        let first = (last_closed.0.days() + 1).min(date.0.days());
        Ok((first..=date.0.days()).map(|day| BusinessDate(Date::from_days(day))).collect())
    }

    /// The moment at which `date` is worked when it begins now, and whether that is too late for contact.
    fn moment_of(&self, date: BusinessDate, now: Timestamp) -> Result<(Timestamp, bool), EngineError> {
        match self.clock {
            Clock::Business => Ok((Timestamp::at(date.0, 9, 0, &self.zone), false)),
            Clock::Real => {
                let today = now.date_in(&self.zone);
                if date.0 > today {
                    return Err(EngineError::DayNotBegun { asked: date.0, today });
                }
                Ok((now, date.0 < today))
            }
        }
    }

    /// Begins the day, or gives it as it was begun.
    fn begin_day(&self, date: BusinessDate, now: Timestamp) -> Result<BusinessDay, EngineError> {
        let (decided_at, is_late) = self.moment_of(date, now)?;
        let day = BusinessDay { date, decided_at, is_late };
        let refuse = |complaint: Wording| Err(EngineError::Refused { code: "day_out_of_order", complaint });
        self.db.write_as(|tx| {
            run::lock_days(tx)?;
            refuse_closed(tx, date.0)?;
            if let Some(begun) = run::find_day(tx, date)? {
                return Ok(begun);
            }
            if let Some((first, last)) = run::day_range(tx)? {
                if date < first {
                    return refuse(wording!(
                        "会计日 {date} 早于账目开始之日 {first}",
                        "day {date} is before {first}, with which the books begin"
                    ));
                }
                if date.0 != last.0.plus_days(1) || !run::is_closed(tx, self.span_width, last)? {
                    return refuse(wording!(
                        "会计日 {date} 不能开始：最近开始的一天是 {last}；请执行 `dunlin day --through {date}`",
                        "day {date} cannot begin: {last} is the last day that was begun; run `dunlin day --through {date}`"
                    ));
                }
                // Done by whoever closed that day, unless the process ended just then.
                rounding::post(tx, self.span_width, last)?;
                audit::daily_root(tx, last)?;
            } else {
                // A first day that cannot be worked must not begin: no other could be run before it. What is in force then
                // is so on all later days.
                Policies::load(tx)?.suffice_on(date.0)?;
            }
            run::begin_day(tx, day)?;
            Ok(day)
        })
    }

    /// Works one day to its end, together with whatever other processes work on it.
    ///
    /// # Errors
    /// What the database says; a missing policy; a day out of order.
    pub fn run_day(
        &self,
        date: BusinessDate,
        now: Now<'_>,
        progress: &(dyn Fn(DayProgress) + Sync),
    ) -> Result<DayReport, EngineError> {
        let day = self.begin_day(date, now())?;
        let (policies, pauses, modes, incidents, before) =
            self.db.read_as(|tx| -> Result<_, EngineError> {
                let first = run::day_range(tx)?.map_or(date, |(first, _)| first);
                let set_aside = agreement_incident::open_with(tx, NOT_WORKED)?.into_iter();
                let set_aside = set_aside.map(|incident| (incident.agreement, incident.about_on)).collect();
                let before = DaysBefore { first, late_from: run::late_from(tx, date)?, set_aside };
                Ok((
                    Policies::load(tx)?,
                    policy::pauses(tx)?,
                    gentle_mode::all(tx)?,
                    policy::incidents(tx)?,
                    before,
                ))
            })?;
        let channels =
            Troubled { down: channels_down(&incidents, day.decided_at), unserved: self.channels_unserved() };
        let catch_up = Arc::new(self.catch_up(&pauses, day.date, day.decided_at)?);
        let spans = run::spans(self.span_width);
        let (done, read, written) = (AtomicI64::new(0), AtomicI64::new(0), AtomicI64::new(0));
        let report = |page: PageDone| {
            let total = done.fetch_add(page.agreements, Ordering::Relaxed) + page.agreements;
            read.fetch_add(page.rows_read, Ordering::Relaxed);
            written.fetch_add(page.rows_written, Ordering::Relaxed);
            progress(DayProgress { date, done: total });
        };
        let closings = Closings::default();
        let thread_count = std::thread::available_parallelism().map_or(1, usize::from).min(spans.len());
        std::thread::scope(|scope| {
            let work = |thread: usize| {
                let mut context = DayContext::new(
                    day,
                    before.clone(),
                    &policies,
                    pauses.clone(),
                    modes.clone(),
                    channels.clone(),
                    Arc::clone(&catch_up),
                )?;
                let holder = format!("{}:{thread}", self.config.worker);
                self.work_spans(&mut context, &spans, thread, &holder, &closings, now, &report)
            };
            let workers: Vec<_> = (1..thread_count).map(|thread| scope.spawn(move || work(thread))).collect();
            let own = work(0);
            let others = workers.into_iter().map(|worker| match worker.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            others.fold(own, Result::and)
        })?;
        let counts = self.db.write_as(|tx| -> Result<_, EngineError> {
            rounding::post(tx, self.span_width, date)?;
            audit::daily_root(tx, date)?;
            Ok(run::day_counts(tx, date)?)
        })?;
        Ok(DayReport {
            date,
            decided_at: day.decided_at,
            is_late: day.is_late,
            agreements: counts.agreements,
            verdicts: counts.verdicts,
            messages: counts.messages,
            rows_read: read.into_inner(),
            rows_written: written.into_inner(),
        })
    }

    /// Works spans until all are closed, beginning at a place of its own so that workers do not queue up.
    fn work_spans(
        &self,
        context: &mut DayContext<'_>,
        spans: &[Span],
        offset: usize,
        holder: &str,
        closings: &Closings,
        now: Now<'_>,
        report: &(dyn Fn(PageDone) + Sync),
    ) -> Result<(), EngineError> {
        let date = context.day.date;
        loop {
            let seen = closings.count();
            let closed = self.db.read(|tx| run::closed_spans(tx, date))?;
            let open: Vec<Span> =
                spans.iter().copied().filter(|span| !closed.contains(&span.first)).collect();
            if open.is_empty() {
                return Ok(());
            }
            let mut worked = false;
            for index in 0..open.len() {
                let span = open[(index + offset * open.len() / 2) % open.len()];
                let Some(lease) = self.take_lease(span, holder, now)? else { continue };
                match self.work_span(context, &lease, now, report) {
                    Ok(()) => {
                        worked = true;
                        closings.add();
                    }
                    Err(EngineError::LeaseLost) => {}
                    Err(error) => return Err(error),
                }
            }
            if !worked {
                closings.wait(seen);
            }
        }
    }

    fn take_lease(&self, span: Span, holder: &str, now: Now<'_>) -> Result<Option<Lease>, EngineError> {
        let moment = now();
        let until = moment.plus_seconds(LEASE_SECONDS);
        let lease = self.db.write(|tx| match run::take_lease(tx, span, holder, moment, until)? {
            Some(lease) => Ok(Some(lease)),
            None => match run::lease_holder(tx, span)? {
                // A worker of this machine that is no longer there cannot come back for its lease.
                Some(other) if is_gone(&other, holder) => {
                    run::release(tx, span, &other)?;
                    run::take_lease(tx, span, holder, moment, until)
                }
                Some(_) | None => Ok(None),
            },
        })?;
        Ok(lease)
    }

    fn work_span(
        &self,
        context: &mut DayContext<'_>,
        lease: &Lease,
        now: Now<'_>,
        report: &(dyn Fn(PageDone) + Sync),
    ) -> Result<(), EngineError> {
        let mut from = lease.span.first;
        loop {
            let until = now().plus_seconds(LEASE_SECONDS);
            let ended = self.db.write_as(|tx| -> Result<_, EngineError> {
                let worked = match next_page(tx, context, lease.span, from)? {
                    Some(page) => Some(page),
                    // Lines last: whether they are frozen follows from what the day made of their agreements.
                    None => lines_page(tx, context, lease.span)?,
                };
                // Last, so that nothing of the page is kept when another worker took the span meanwhile.
                if !run::hold(tx, lease, until)? {
                    return Err(EngineError::LeaseLost);
                }
                if worked.is_none() {
                    suspense::post(tx, lease.span, context.day)?;
                    provisions::post(tx, lease.span, context.day.date, context.ledger.as_deref())?;
                    run::close_span(tx, lease.span, context.day.date, context.day.decided_at)?;
                    run::give_back(tx, lease)?;
                }
                Ok(worked)
            });
            match ended {
                Ok(Some((page, last_part))) => {
                    report(page);
                    from = last_part;
                }
                Ok(None) => return Ok(()),
                Err(error) if is_of_account(&error) => {
                    self.set_agreements_aside(context, lease, from, until, error)?;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Channels that failed lately and did not work since. One that nobody tried for most of a day is tried again: the
/// messages that find it down or up are the probe.
pub(crate) fn channels_down(incidents: &[policy::Incident], at: Timestamp) -> Vec<Channel> {
    let is_down = |incident: &&policy::Incident| {
        let tried_until = incident.last_failed_at.plus_seconds(PROBE_AFTER_SECONDS);
        incident.closed_at.is_none() && at < tried_until
    };
    incidents.iter().filter(is_down).map(|incident| incident.channel).collect()
}

/// Works the next page of the span from the part `from` on: what it did, and the part that the last of them
/// lies in. Nothing when nothing is due any more.
fn next_page(
    tx: &mut Tx<'_>,
    context: &mut DayContext<'_>,
    span: Span,
    from: Part,
) -> Result<Option<(PageDone, Part)>, EngineError> {
    let date = context.day.date;
    let DuePage { last_part, mut rows, unreadable } =
        due_page(tx, Span { first: from, last: span.last }, date.0)?;
    roll_accruals(tx, span, date)?;
    let Some(last_part) = last_part else { return Ok(None) };
    set_unreadable_aside(tx, context, span, unreadable)?;
    put_off_worked(tx, &mut rows, date.0)?;
    if rows.is_empty() {
        return Ok(Some((PageDone::default(), last_part)));
    }
    let page = work_page(tx, context, span, &rows)?;
    close_mended(tx, context, &rows)?;
    settle_accruals(tx, span, date, &rows, &page.accruals)?;
    exposure::change(tx, span, &page.exposures)?;
    run::add_counts(tx, span, date, page.counts)?;
    let after = format!(
        "{} agreements, {} verdicts, {} messages, digest {}",
        page.counts.agreements, page.counts.verdicts, page.counts.messages, page.digest
    );
    let subject = format!("agreements from {} on", rows[0].id);
    let cause = format!("business date {date}");
    let entry = audit::Entry {
        at: context.day.decided_at,
        actor: "day",
        action: "day.page",
        subject: &subject,
        before: None,
        after: Some(&after),
        cause: &cause,
    };
    audit::append(tx, span.first, &entry)?;
    let (rows_read, rows_written) = (page.rows_read, page.rows_written);
    Ok(Some((PageDone { agreements: page.counts.agreements, rows_read, rows_written }, last_part)))
}

/// Works the next lines of the span that are due. Nothing when none is.
fn lines_page(
    tx: &mut Tx<'_>,
    context: &DayContext<'_>,
    span: Span,
) -> Result<Option<(PageDone, Part)>, EngineError> {
    let count = crate::line::work_due(tx, context.policies, span, context.day)?;
    let rows = i64::try_from(count).unwrap_or(i64::MAX);
    Ok((count > 0).then_some((PageDone { agreements: 0, rows_read: rows, rows_written: rows }, span.last)))
}

/// Takes those out of a page that were worked on the day already and were woken since, by an import or a failed
/// message that began before the day did: a day has one decision for each agreement, and the next day sees them.
fn put_off_worked(tx: &mut Tx<'_>, rows: &mut Vec<AgreementRow>, date: Date) -> Result<(), StoreError> {
    let worked: Vec<_> =
        rows.iter().filter(|row| is_worked(row, date)).map(|row| (row.part, row.id)).collect();
    if worked.is_empty() {
        return Ok(());
    }
    rows.retain(|row| !is_worked(row, date));
    agreement::put_off(tx, &worked, date.plus_days(1))
}

/// Whether an agreement was worked on the day already.
pub(crate) fn is_worked(row: &AgreementRow, date: Date) -> bool {
    row.standing.as_ref().is_some_and(|standing| standing.position.as_of >= date)
}

/// The next agreements of a span that are due.
#[derive(Default)]
pub(crate) struct DuePage {
    /// The part that the last of them lies in; nothing where none is due.
    pub last_part: Option<Part>,
    /// Those that can be read.
    pub rows: Vec<AgreementRow>,
    /// Those that cannot.
    pub unreadable: Vec<Unreadable>,
}

/// The next agreements of the span that are due.
pub(crate) fn due_page(tx: &mut Tx<'_>, span: Span, date: Date) -> Result<DuePage, StoreError> {
    let mut page = DuePage::default();
    let mut count = 0;
    for part in agreement::parts_with_due(tx, span.first, span.last, date)? {
        for due in agreement::due(tx, part, date, PAGE_AGREEMENT_COUNT_MAX - count)? {
            page.last_part = Some(part);
            count += 1;
            match due {
                Ok(row) => page.rows.push(row),
                Err(unreadable) => page.unreadable.push(unreadable),
            }
        }
        if count >= PAGE_AGREEMENT_COUNT_MAX {
            break;
        }
    }
    Ok(page)
}

/// Brings the running totals to `date` and posts each product's accrual of the days between, once.
fn roll_accruals(tx: &mut Tx<'_>, span: Span, date: BusinessDate) -> Result<(), EngineError> {
    let mut accruals = record::accruals(tx, span)?;
    accruals.retain(|accrual| accrual.as_of < date.0);
    let mut postings = Vec::new();
    for accrual in &mut accruals {
        let before = rounded(accrual.total);
        let days = i128::from(date.0.days_since(accrual.as_of));
        accrual.total = Accrued(accrual.total.0 + accrual.daily.0 * days);
        accrual.as_of = date.0;
        let days = date.0.days().to_le_bytes();
        let mut key = vec![&days[..], accrual.product.as_bytes()];
        key.extend(kind_part(accrual.kind));
        postings.extend(accrual_posting(
            span,
            date,
            accrual,
            rounded(accrual.total) - before,
            "accrual",
            &key,
        )?);
    }
    record::insert_postings(tx, &postings)?;
    record::set_accruals(tx, span, &accruals)?;
    Ok(())
}

/// Takes a page's changes into the running totals, and trues the accrued account up to the rounded total.
fn settle_accruals(
    tx: &mut Tx<'_>,
    span: Span,
    date: BusinessDate,
    rows: &[AgreementRow],
    changes: &HashMap<(String, Currency, AccrualKind), AccrualChange>,
) -> Result<(), EngineError> {
    if changes.is_empty() {
        return Ok(());
    }
    let known = record::accruals(tx, span)?;
    let first = first_id(rows).map_or([0; 16], |id| id.0);
    let page_change_index =
        rows.first().and_then(|row| row.standing.as_ref()).map_or(0, |before| before.change_index + 1);
    let mut accruals = Vec::with_capacity(changes.len());
    let mut postings = Vec::new();
    let mut products: Vec<_> = changes.iter().collect();
    products.sort_by(|left, right| (&left.0.0, left.0.2).cmp(&(&right.0.0, right.0.2)));
    for ((product, currency, kind), change) in products {
        let known = known.iter().find(|accrual| accrual.product == *product && accrual.kind == *kind);
        let (total, daily) = known.map_or((0, 0), |accrual| (accrual.total.0, accrual.daily.0));
        let accrual = Accrual {
            product: product.clone(),
            kind: *kind,
            currency: *currency,
            as_of: date.0,
            total: Accrued(total + change.total),
            daily: Accrued(daily + change.daily),
        };
        // The account held the rounded old total, and gave away what was posted to agreements.
        let held = rounded(Accrued(total)) - change.posted_minor;
        let missing = rounded(accrual.total) - held;
        let days = date.0.days().to_le_bytes();
        let index = page_change_index.to_le_bytes();
        let mut key = vec![&days[..], product.as_bytes(), &first, &index];
        key.extend(kind_part(*kind));
        postings.extend(accrual_posting(span, date, &accrual, missing, "true_up", &key)?);
        accruals.push(accrual);
    }
    record::insert_postings(tx, &postings)?;
    record::set_accruals(tx, span, &accruals)?;
    Ok(())
}

/// What an accrual's kind adds to its keys. The oldest kind adds nothing: its keys are of before there were kinds.
fn kind_part(kind: AccrualKind) -> Option<&'static [u8]> {
    (kind != AccrualKind::LateFee).then(|| kind.code().as_bytes())
}

pub(crate) fn rounded(total: Accrued) -> i128 {
    Rounding::HalfUp.divide(total.0, 1_000_000)
}

fn accrual_posting(
    span: Span,
    date: BusinessDate,
    accrual: &Accrual,
    minor: i128,
    cause: &'static str,
    key: &[&[u8]],
) -> Result<Option<PostingRow>, EngineError> {
    if minor == 0 {
        return Ok(None);
    }
    let amount = i64::try_from(minor.abs()).map_err(|_| dunlin_domain::money::MoneyError::Overflow)?;
    let (accrued, income) = accrual.kind.roles();
    let (debit, credit) = if minor > 0 { (accrued, income) } else { (income, accrued) };
    let first = span.first.number().to_le_bytes();
    let mut parts: Vec<&[u8]> = vec![&first];
    parts.extend_from_slice(key);
    let posting = Posting {
        key: Key::of_cause(cause, &parts),
        debit,
        credit,
        amount: Money::new(amount, accrual.currency),
        cause,
        fact: None,
    };
    let product = accrual.product.clone();
    Ok(Some(PostingRow { part: span.first, agreement: None, product, business_date: date, posting }))
}
