//! `offer`: what a plan would cost, its instalments, and what would close it.

use dunlin_domain::wording;
use std::sync::Arc;

use dunlin_domain::date::Date;
use dunlin_engine::offer::{
    OfferRequest, payoff_json, payoff_text, schedule_json, schedule_text, sheet_json, sheet_text,
};
use dunlin_engine::{Location, Policies};

use crate::answer::Answer;
use crate::args::{Offer, OfferPayoff, OfferPlan};
use crate::failure::Failure;
use crate::screen::{lines_of, table};
use crate::session::Session;

/// `offer`.
///
/// # Errors
/// A product or plan that is not offered; an amount that is none.
pub fn run(session: &Session, command: &Offer) -> Result<Answer, Failure> {
    match command {
        Offer::Cost(plan) => cost(session, plan),
        Offer::Schedule(plan) => schedule(session, plan),
        Offer::Payoff(args) => payoff(session, args),
    }
}

/// The documents of the database; the shipped ones where there is none.
fn policies(session: &Session) -> Result<Arc<Policies>, Failure> {
    match session.config()?.location {
        Location::Sqlite(path) if !path.exists() => Ok(Arc::new(Policies::of_shipped()?)),
        Location::Sqlite(_) | Location::Postgres(_) => Ok(session.open()?.policies()?),
    }
}

fn request(session: &Session, plan: &OfferPlan) -> Result<OfferRequest, Failure> {
    Ok(OfferRequest {
        product: plan.product.clone(),
        amount: plan.amount.clone(),
        count: plan.count,
        on: plan.on.map_or_else(|| today(session), Ok)?,
        first_due_on: plan.first_due,
    })
}

/// The day that the lender's calendar shows.
fn today(session: &Session) -> Result<Date, Failure> {
    let zone = session.config()?.lender.zone;
    let zone = jiff::tz::TimeZone::get(&zone).map_err(|error| {
        Failure::refused("config", wording!("lender.zone“{zone}”：{error}", "lender.zone {zone:?}: {error}"))
    })?;
    Ok(session.now().date_in(&zone))
}

fn cost(session: &Session, plan: &OfferPlan) -> Result<Answer, Failure> {
    let policies = policies(session)?;
    let request = request(session, plan)?;
    let sheet = policies.offer_cost(&request)?;
    let lender = session.config()?.lender;
    let payee = lender.name(session.language);
    let title = policies.product_on(&request.product, request.on)?.header.title(session.language).to_owned();
    Ok(Answer::new(sheet_text(&sheet, &title, payee, session.language), sheet_json(&sheet, payee)))
}

fn schedule(session: &Session, plan: &OfferPlan) -> Result<Answer, Failure> {
    let sheet = policies(session)?.offer_cost(&request(session, plan)?)?;
    let (header, rows) = schedule_text(&sheet.schedule, session.language);
    let mut shown = table(&header, &[0, 3, 4, 5, 6, 7, 8]);
    rows.into_iter().for_each(|row| {
        shown.add_row(row);
    });
    Ok(Answer::new(lines_of(&shown), schedule_json(&sheet.schedule)))
}

fn payoff(session: &Session, args: &OfferPayoff) -> Result<Answer, Failure> {
    let request = request(session, &args.plan)?;
    let holds_through = args.holds_through.unwrap_or(args.paid_on);
    let (quote, rule) = policies(session)?.offer_payoff(&request, args.paid_on, holds_through)?;
    Ok(Answer::new(payoff_text(&quote, rule, session.language), payoff_json(&quote, rule)))
}
