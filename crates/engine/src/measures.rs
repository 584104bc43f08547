//! What is in force besides the strategy, on one page: pauses, gentler modes, what customers said, and what waits for a
//! second person.

use std::collections::HashMap;

use dunlin_domain::circumstance::CircumstanceKind;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::gentle_mode::GentleMode;
use dunlin_domain::id::CustomerId;
use dunlin_domain::pause::Pause;
use dunlin_store::{agreement, circumstance, contact_request, customer, gentle_mode, policy, policy_request};

use crate::contact_data::batch_text;
use crate::policy::PolicyKind;
use crate::{Engine, EngineError};

/// The most holds that the page shows, the newest first.
const HOLD_COUNT_MAX: usize = 200;

/// What waits for a second person.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// `contact_request`, or the kind of a document (`template`, `contact_rules`, `strategy`); pauses and modes that wait stand among their own.
    pub kind: &'static str,
    /// What it is about, in Chinese and in English.
    pub about: (String, String),
    /// Who asked.
    pub author: String,
    /// When.
    pub asked_at: Timestamp,
}

/// What makes contact with a customer rest.
#[derive(Clone, Debug)]
pub struct OpenHold {
    /// The lender's id of the customer.
    pub customer: String,
    /// The lender's id of one of the customer's agreements, to look at.
    pub agreement: Option<String>,
    /// Its kind.
    pub kind: CircumstanceKind,
    /// Its value.
    pub value: String,
    /// First day.
    pub from: Date,
    /// Last day, if one is known.
    pub through: Option<Date>,
    /// Who recorded it.
    pub recorded_by: String,
}

/// What is in force besides the strategy.
#[derive(Clone, Debug)]
pub struct Measures {
    /// What waits for a second person.
    pub waiting: Vec<Waiting>,
    /// All pauses, the newest first.
    pub pauses: Vec<Pause>,
    /// All gentler modes, the newest first.
    pub modes: Vec<GentleMode>,
    /// Open holds, consents withdrawn and promises, the newest first.
    pub holds: Vec<OpenHold>,
}

impl Engine {
    /// What is in force besides the strategy.
    ///
    /// # Errors
    /// What the database or the cipher says.
    pub fn measures(&self) -> Result<Measures, EngineError> {
        self.db.read_as(|tx| {
            let mut waiting = Vec::new();
            for request in contact_request::all(tx)?.into_iter().filter(|request| request.state == "pending")
            {
                let (points, overdue) = (request.radius.points, request.radius.overdue);
                let customers = request.radius.customers;
                let batch = batch_text(request.id);
                let what = match points {
                    0 => (
                        format!("变更{customers}位客户的退订"),
                        format!("opt-outs of {customers} customers changed"),
                    ),
                    points => {
                        (format!("停用{points}个联系方式"), format!("{points} contact points out of use"))
                    }
                };
                waiting.push(Waiting {
                    kind: "contact_request",
                    about: (
                        format!("{batch}：{}，涉及逾期合约{overdue}份：{}", what.0, request.reason),
                        format!("{batch}: {}, {overdue} overdue agreements: {}", what.1, request.reason),
                    ),
                    author: request.author,
                    asked_at: request.asked_at,
                });
            }
            for request in policy_request::all(tx)?.into_iter().filter(|request| request.state == "pending") {
                let name = format!("{}@{}", request.name, request.version);
                waiting.push(Waiting {
                    kind: PolicyKind::parse(&request.kind).map_or("policy", PolicyKind::code),
                    about: (name.clone(), name),
                    author: request.submitted_by,
                    asked_at: request.submitted_at,
                });
            }
            let mut pauses = policy::pauses(tx)?;
            pauses.reverse();
            let mut modes = gentle_mode::all(tx)?;
            modes.reverse();
            let entries = circumstance::open_holds(tx, HOLD_COUNT_MAX)?;
            let mut ids: Vec<CustomerId> = entries.iter().map(|row| row.entry.customer).collect();
            ids.sort_unstable();
            ids.dedup();
            let names = customer::opened(tx, &self.master, &ids)?;
            let mut of_customer: HashMap<CustomerId, Option<String>> = HashMap::new();
            for id in ids {
                let first = agreement::of_customer(tx, id)?.into_iter().next();
                of_customer.insert(id, first.map(|row| row.external_id));
            }
            let holds = entries.into_iter().map(|row| OpenHold {
                customer: names
                    .get(&row.entry.customer)
                    .map_or_else(|| row.entry.customer.to_string(), |customer| customer.external_id.clone()),
                agreement: of_customer.get(&row.entry.customer).cloned().flatten(),
                kind: row.entry.content.kind(),
                value: row.entry.content.value(),
                from: row.entry.from,
                through: row.entry.through,
                recorded_by: row.recorded_by,
            });
            Ok(Measures { waiting, pauses, modes, holds: holds.collect() })
        })
    }
}
