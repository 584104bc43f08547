//! Contact points of a file. What is new goes in, and so do small corrections; a large change of numbers and addresses
//! in use waits for a second person, like any other, and is undone as one.

use dunlin_domain::wording;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use dunlin_domain::contact::{ContactPointKind, ContactPointState, PointSource};
use dunlin_domain::contact_rate::is_other_head_only;
use dunlin_domain::id::{ContactPointId, CustomerId, hash_parts};
use dunlin_store::contact_change;
use dunlin_store::contact_correction::{self, Correction};
use dunlin_store::customer::{self, NewPoint};
use dunlin_store::{Tx, contact_proof, contact_request};

use super::people::{personal_hash, wake_customer};
use super::{ChunkOutcome, Meeting, Numbered, Run, clash_reason, clash_remedy};
use crate::EngineError;
use crate::contact_bulk::{BlastRadius, SHARE_ASKED_FROM};
use crate::contact_data::batch_text;
use crate::portfolio::{ContactPointRow, PortfolioError, ReadError, open_table};

/// So many changes are shown one by one.
const EXAMPLE_COUNT_MAX: usize = 20;

/// What a file changes of the contact points in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactOutcome {
    /// The batch by which it is undone, or approved where it waits.
    pub batch: String,
    /// `done`, `pending`, or `rejected` where a second person refused the same change before.
    pub state: &'static str,
    /// Contact points that get another number or address.
    pub overwritten: u64,
    /// Of these, the ones that differ in their first characters only, as when an area code is replaced.
    pub other_head_only: u64,
    /// Contact points that go out of use.
    pub removed: u64,
    /// Whom a large change touches.
    pub radius: Option<BlastRadius>,
    /// The first changes, with values whose middle is hidden.
    pub examples: Vec<ContactExample>,
}

/// One change of a contact point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactExample {
    /// File and line.
    pub place: String,
    /// The lender's id.
    pub point: String,
    /// The value before and after.
    pub values: (String, String),
    /// The state before and after.
    pub states: (ContactPointState, ContactPointState),
}

/// Numbers and addresses that stand at more customers of a file than one person's can.
#[derive(Default)]
pub(super) struct Crowded(HashMap<u64, u64>);

/// Buckets of the first count; with so few hits a bucket that nobody crowds seldom reaches the limit.
const BUCKET_COUNT: usize = 1 << 22;

fn value_hash(row: &ContactPointRow) -> u64 {
    let mut hasher = DefaultHasher::new();
    (row.kind.code(), customer::normalised(&row.value)).hash(&mut hasher);
    hasher.finish()
}

fn bucket(hash: u64) -> usize {
    // The low bits index the buckets; the cast keeps them.
    (hash as usize) % BUCKET_COUNT
}

impl Crowded {
    /// Reads the file for values that more than the engine's limit of customers share. Many people live at one postal
    /// address; those are left out.
    pub(super) fn of(run: &Run<'_>) -> Result<Self, EngineError> {
        let limit = run.engine.contact_limits.same_value_max;
        let mut buckets = vec![0_u8; BUCKET_COUNT];
        let mut is_suspicious = false;
        each_row(run, |row| {
            let count = &mut buckets[bucket(value_hash(row))];
            *count = count.saturating_add(1);
            is_suspicious |= u64::from(*count) > limit.min(254);
        })?;
        if !is_suspicious {
            return Ok(Self::default());
        }
        let mut owners: HashMap<u64, HashSet<String>> = HashMap::new();
        each_row(run, |row| {
            let hash = value_hash(row);
            if u64::from(buckets[bucket(hash)]) > limit.min(254) {
                owners.entry(hash).or_default().insert(row.customer_id.clone());
            }
        })?;
        let counted = owners.into_iter().map(|(hash, owners)| (hash, owners.len() as u64));
        Ok(Self(counted.filter(|(_, count)| *count > limit).collect()))
    }

    fn customers(&self, row: &ContactPointRow) -> Option<u64> {
        if self.0.is_empty() || row.kind == ContactPointKind::Postal {
            return None;
        }
        self.0.get(&value_hash(row)).copied()
    }
}

fn each_row(run: &Run<'_>, mut visit: impl FnMut(&ContactPointRow)) -> Result<(), PortfolioError> {
    let Some(reader) = open_table::<ContactPointRow>(run.folder, run.encoding)? else { return Ok(()) };
    for row in reader {
        match row {
            Ok((_, row)) if row.kind != ContactPointKind::Postal => visit(&row),
            // A row that cannot be taken is rejected when it is its turn.
            Ok(_) | Err(ReadError::Row(_)) => {}
            Err(ReadError::File(error)) => return Err(error),
        }
    }
    Ok(())
}

/// What a file would change of contact points that are known.
#[derive(Default)]
pub(super) struct Brought {
    /// What takes something out of use or overwrites it: held back until the whole file is known.
    pub held: Vec<Correction>,
    /// Contact points that keep the value that was corrected by hand.
    pub corrections_kept: u64,
}

pub(super) fn contact_points(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    chunk: &[Numbered<ContactPointRow>],
    crowded: &Crowded,
    brought: &mut Brought,
) -> Result<ChunkOutcome, EngineError> {
    let mut outcome = ChunkOutcome::default();
    let keys: Vec<(CustomerId, ContactPointId)> = chunk
        .iter()
        .map(|(_, row)| {
            (CustomerId::of_external(&row.customer_id), ContactPointId::of_external(&row.contact_point_id))
        })
        .collect();
    let mut owners: Vec<CustomerId> = keys.iter().map(|(customer, _)| *customer).collect();
    owners.sort_unstable();
    owners.dedup();
    let customers = customer::known(tx, &owners)?;
    let known = customer::known_points(tx, &keys)?;
    let mut seen: HashMap<ContactPointId, [u8; 16]> = HashMap::new();
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for (index, ((line, row), (owner, id))) in chunk.iter().zip(&keys).enumerate() {
        if !customers.contains_key(owner) {
            let reason = wording!("没有客户“{}”", "customer {:?} is unknown", row.customer_id);
            outcome.reject(
                index,
                "customer_id",
                reason,
                wording!("请先在 customers 中加入该客户", "add the customer to customers first"),
            );
            continue;
        }
        let hash = personal_hash(run, row);
        let meeting = match (seen.get(id), known.get(id)) {
            (Some(earlier), _) => Some(Meeting::of(*earlier, run.now, hash, run.now)),
            (None, Some(known)) => Some(Meeting::of(known.content_hash, known.imported_at, hash, run.now)),
            (None, None) => None,
        };
        let is_new = matches!(meeting, None | Some(Meeting::Correction));
        if let (true, Some(count)) = (is_new, crowded.customers(row)) {
            let reason = wording!(
                "同一号码或地址在本文件中出现在 {count} 位客户名下",
                "the same stands at {count} customers of this file"
            );
            let remedy = wording!(
                "请改正或去掉：这么多人共用的号码或地址联系不到任何人",
                "correct it, or leave it out: what so many share reaches none of them"
            );
            outcome.reject(index, "value", reason, remedy);
            continue;
        }
        let new = || NewPoint { row: stored(row, *owner, *id), content_hash: hash, place: run.place(*line) };
        match meeting {
            None => added.push(new()),
            Some(Meeting::Same) => outcome.unchanged += 1,
            Some(Meeting::Clash) => outcome.reject(index, "contact_point_id", clash_reason(), clash_remedy()),
            Some(Meeting::Correction) => {
                let before = known.get(id).expect("a correction is of a contact point that is known");
                changed.push((new(), *before, row));
            }
        }
        seen.entry(*id).or_insert(hash);
    }
    customer::insert_points(tx, &run.engine.master, &added, &run.engine.config.actor, run.now)?;
    outcome.added = added.len() as u64;
    outcome.changed = changed.len() as u64;
    let is_known =
        |customer: &CustomerId| customers.get(customer).is_some_and(|known| known.imported_at != run.now);
    for new in added.iter().filter(|new| is_known(&new.row.customer)) {
        contact_request::count_change(tx, new.row.customer, run.wake_on, "added")?;
    }
    let fresh = added.iter().map(|new| new.row.customer);
    let corrected = correct(tx, run, changed, brought)?;
    for customer in fresh.chain(corrected) {
        // Only a point of a customer with agreements that exist already can end a silence.
        if is_known(&customer) {
            wake_customer(tx, run, customer)?;
        }
    }
    Ok(outcome)
}

fn stored(row: &ContactPointRow, customer: CustomerId, id: ContactPointId) -> customer::ContactPointRow {
    customer::ContactPointRow {
        id,
        customer,
        external_id: row.contact_point_id.clone(),
        kind: row.kind,
        party: row.party,
        state: row.state,
        priority: i64::from(row.priority),
        value: row.value.clone(),
    }
}

/// Corrects what takes nothing out of use, and holds the rest back until the whole file is known. Returns whose were
/// corrected.
fn correct(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    changed: Vec<(NewPoint, customer::KnownPoint, &ContactPointRow)>,
    brought: &mut Brought,
) -> Result<Vec<CustomerId>, EngineError> {
    let keys: Vec<(CustomerId, ContactPointId)> =
        changed.iter().map(|(new, ..)| (new.row.customer, new.row.id)).collect();
    let lookups = contact_proof::lookups(tx, &keys)?;
    let has_value = |row: &customer::ContactPointRow| {
        let lookup = contact_proof::lookup_of(&run.engine.master, row.kind, &row.value);
        lookups.get(&(row.customer, row.id)) == Some(&lookup)
    };
    let others: Vec<CustomerId> =
        changed.iter().filter(|(new, ..)| !has_value(&new.row)).map(|(new, ..)| new.row.customer).collect();
    let stored = stored_points(tx, run, others)?;
    let mut corrected = Vec::new();
    for (mut new, before, said) in changed {
        let row = &mut new.row;
        let mut is_same_value = has_value(row);
        let by_hand = stored.get(&row.id).filter(|_| !is_same_value);
        if let Some(by_hand) = by_hand.filter(|by_hand| was_said_before(run, said, by_hand, &before)) {
            row.value = by_hand.value.clone();
            is_same_value = true;
            brought.corrections_kept += 1;
        }
        let was_active = before.state == ContactPointState::Active;
        if was_active && (!is_same_value || row.state != ContactPointState::Active) {
            brought.held.push(Correction { new, content_hash_before: before.content_hash });
            continue;
        }
        if !was_active && is_same_value && row.state == ContactPointState::Active {
            // What our staff took out, or a provider does not know, is not brought back by the same number once more.
            let source = contact_change::last_source(tx, row.customer, row.id)?;
            if matches!(source, Some(PointSource::Staff | PointSource::Receipt)) {
                row.state = before.state;
            }
        }
        corrected.push(row.customer);
        let correction = Correction { new, content_hash_before: before.content_hash };
        let by = (run.engine.config.actor.as_str(), run.now);
        run.engine.write_correction(tx, None, &correction, run.wake_on, "import", by)?;
    }
    Ok(corrected)
}

/// The contact points of customers, opened, by their ids.
fn stored_points(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    mut owners: Vec<CustomerId>,
) -> Result<HashMap<ContactPointId, customer::ContactPointRow>, EngineError> {
    owners.sort_unstable();
    owners.dedup();
    let rows = customer::opened_points(tx, &run.engine.master, &owners)?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Whether the file said the value of the row before, and the one that is stored came by hand since: by a correction, or by the
/// undoing of an import. All but the value is stored as the file said it, in a state that may have changed since, and the
/// hash of its earlier row is kept.
fn was_said_before(
    run: &Run<'_>,
    said: &ContactPointRow,
    by_hand: &customer::ContactPointRow,
    before: &customer::KnownPoint,
) -> bool {
    let Ok(priority) = u32::try_from(by_hand.priority) else { return false };
    ContactPointState::ALL.iter().any(|state| {
        let (kind, party, state) = (by_hand.kind, by_hand.party, *state);
        let earlier = ContactPointRow { kind, party, state, priority, ..said.clone() };
        personal_hash(run, &earlier) == before.content_hash
    })
}

/// Carries out what was held back, or has it wait for a second person when it is large.
pub(super) fn finish(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    held: &[Correction],
    is_preview: bool,
) -> Result<Option<ContactOutcome>, EngineError> {
    if held.is_empty() {
        return Ok(None);
    }
    let is_removal = |correction: &&Correction| correction.new.row.state != ContactPointState::Active;
    let removed = held.iter().filter(is_removal).count() as u64;
    let alone_today = run.engine.changed_alone(tx)?;
    let is_large_enough =
        held.len() as u64 + alone_today > SHARE_ASKED_FROM.min(run.engine.contact_limits.alone_max);
    let told = if is_large_enough || is_preview { tell(tx, run, held)? } else { Told::default() };
    let mut outcome = ContactOutcome {
        batch: String::new(),
        state: "done",
        overwritten: held.len() as u64 - removed,
        other_head_only: told.other_head_only,
        removed,
        radius: None,
        examples: told.examples,
    };
    let (stable, now) = (stable_id(held), run.now.micros().to_le_bytes());
    let once = hash_parts("bat", &[&stable, &now]);
    if is_large_enough {
        let radius = radius_of(tx, run, held)?;
        outcome.radius = Some(radius);
        if run.engine.asks_second(tx, &radius, alone_today)? {
            let known = contact_request::find(tx, stable)?;
            let (id, is_known) = match known.as_ref().map(|request| request.state.as_str()) {
                None => (stable, None),
                // The same change was made, and undone by hand since: it is asked for anew.
                Some("approved") => (once, None),
                Some(state) => (stable, Some(state)),
            };
            outcome.batch = batch_text(id);
            outcome.state = if is_known == Some("rejected") { "rejected" } else { "pending" };
            if is_known.is_none() {
                let reason = reason_of(run, &outcome);
                run.engine.ask_contact_change(tx, id, &[], radius, &reason, run.now)?;
                contact_correction::insert(tx, &run.engine.master, id, held)?;
            }
            return Ok(Some(outcome));
        }
    }
    outcome.batch = batch_text(once);
    let by = (run.engine.config.actor.as_str(), run.now);
    run.engine.apply_corrections(tx, once, held, "import", by)?;
    Ok(Some(outcome))
}

/// The same for the same change, so that a file that comes again asks for nothing anew.
fn stable_id(held: &[Correction]) -> [u8; 16] {
    let mut rows: Vec<[u8; 48]> = held
        .iter()
        .map(|correction| {
            let mut row = [0; 48];
            row[..16].copy_from_slice(&correction.new.row.id.0);
            row[16..32].copy_from_slice(&correction.content_hash_before);
            row[32..].copy_from_slice(&correction.new.content_hash);
            row
        })
        .collect();
    rows.sort_unstable();
    let parts: Vec<&[u8]> = rows.iter().map(<[u8; 48]>::as_slice).collect();
    hash_parts("import", &parts)
}

fn radius_of(tx: &mut Tx<'_>, run: &Run<'_>, held: &[Correction]) -> Result<BlastRadius, EngineError> {
    let key = |correction: &Correction| (correction.new.row.customer, correction.new.row.id);
    let is_removal = |correction: &&Correction| correction.new.row.state != ContactPointState::Active;
    let all: Vec<(CustomerId, ContactPointId)> = held.iter().map(key).collect();
    let removed: Vec<(CustomerId, ContactPointId)> = held.iter().filter(is_removal).map(key).collect();
    let radius = run.engine.radius_of(tx, &all)?;
    let unreachable = run.engine.radius_of(tx, &removed)?.unreachable;
    Ok(BlastRadius { unreachable, overwritten: (all.len() - removed.len()) as u64, ..radius })
}

fn reason_of(run: &Run<'_>, outcome: &ContactOutcome) -> String {
    let ContactOutcome { overwritten, other_head_only, removed, .. } = outcome;
    let file = run.file.split(' ').next().unwrap_or_default();
    let folder = run.folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    format!(
        "import of {folder}/{file}: {overwritten} overwritten ({other_head_only} of them in the first characters only), \
         {removed} taken out of use"
    )
}

/// What is shown of the changes.
#[derive(Default)]
struct Told {
    other_head_only: u64,
    examples: Vec<ContactExample>,
}

fn tell(tx: &mut Tx<'_>, run: &Run<'_>, held: &[Correction]) -> Result<Told, EngineError> {
    let mut owners: Vec<CustomerId> = held.iter().map(|correction| correction.new.row.customer).collect();
    owners.sort_unstable();
    owners.dedup();
    let points = customer::opened_points(tx, &run.engine.master, &owners)?;
    let before: HashMap<ContactPointId, &customer::ContactPointRow> =
        points.iter().map(|row| (row.id, row)).collect();
    let mut told = Told::default();
    for correction in held {
        let after = &correction.new.row;
        let Some(before) = before.get(&after.id) else { continue };
        let is_other_head = is_other_head_only(before.value.reveal(), after.value.reveal());
        told.other_head_only += u64::from(is_other_head && after.state == ContactPointState::Active);
        if told.examples.len() < EXAMPLE_COUNT_MAX {
            told.examples.push(ContactExample {
                place: correction.new.place.clone(),
                point: after.external_id.clone(),
                values: (before.value.masked(), after.value.masked()),
                states: (before.state, after.state),
            });
        }
    }
    Ok(told)
}
