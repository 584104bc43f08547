//! Call-backs of payment gateways: signed, taken once, in whatever order they come.
//!
//! The signature is HMAC-SHA256 over `timestamp.body` with the gateway's secret, so neither can be changed and an old
//! call-back cannot be sent again later. A forged one learns nothing and changes nothing; it is counted and audited.

use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{Key, hash_parts};
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use dunlin_store::audit;
use dunlin_store::incoming::IncomingRow;
use dunlin_store::payment as payment_store;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

use super::incoming::{Incoming, check_amount, day, entry_key};
use super::settings::Gateway;
use super::{Caller, Context};
use crate::{Engine, EngineError, hex};

/// The longest body that is read.
pub const BODY_BYTE_COUNT_MAX: usize = 64 << 10;

/// A call-back as it came over the wire.
#[derive(Clone, Copy, Debug)]
pub struct Callback<'c> {
    /// The gateway that its address names.
    pub gateway: &'c str,
    /// Seconds since 1970, from the header `dunlin-timestamp`.
    pub timestamp: Option<&'c str>,
    /// The signature in hexadecimal digits, from the header `dunlin-signature`.
    pub signature: Option<&'c str>,
    /// The body.
    pub body: &'c [u8],
}

/// The body of a call-back. Fields that are not named here are passed over.
#[derive(Deserialize)]
struct Body {
    event_id: String,
    #[serde(rename = "type")]
    kind: String,
    payment: String,
    #[serde(default)]
    agreement: Option<String>,
    amount: String,
    currency: String,
    value_on: String,
    #[serde(default)]
    reason: String,
}

fn refused<T>(code: &'static str, complaint: Wording) -> Result<T, EngineError> {
    Err(EngineError::Refused { code, complaint })
}

impl Engine {
    /// Takes in a call-back.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for a gateway that is not configured; `signature` for one that is forged or out of date;
    /// `body` for one that is signed and cannot be read; what the database says. What is signed and makes sense is kept,
    /// whatever becomes of it.
    pub fn take_callback(&self, callback: &Callback<'_>, now: Timestamp) -> Result<Incoming, EngineError> {
        let found = self.payments.gateways.iter().find(|gateway| gateway.name == callback.gateway);
        let Some(gateway) = found else {
            self.note_forged("unknown", "unknown_gateway", now)?;
            return Err(EngineError::NotFound { what: "gateway", name: callback.gateway.to_owned() });
        };
        if let Err(reason) = check_signature(gateway, callback, now) {
            self.note_forged(&gateway.name, reason, now)?;
            return refused("signature", {
                let said = reason.replace('_', " ");
                Wording {
                    zh: format!("回调未受理（{reason}）"),
                    en: format!("the call-back is not taken: {said}"),
                }
            });
        }
        let body: Body = match serde_json::from_slice(callback.body) {
            Ok(body) => body,
            Err(error) => {
                return refused(
                    "body",
                    wording!("请求体不是回调通知：{error}", "the body is not one of a call-back: {error}"),
                );
            }
        };
        let row = row_of(&gateway.name, &body, now)?;
        let policies = self.policies()?;
        let actor = format!("gateway:{}", gateway.name);
        let context = Context { caller: Caller { actor: &actor, now }, policies: &policies };
        self.db.write_as(|tx| self.take_incoming(tx, row.clone(), context))
    }

    /// Counts a call-back that is forged; the first, the tenth, the hundredth of a day go to the audit log.
    pub(crate) fn note_forged(&self, gateway: &str, reason: &str, now: Timestamp) -> Result<(), EngineError> {
        self.db.write_as(|tx| {
            let count = payment_store::count_forged(tx, gateway, now.date_in(&self.zone), reason)?;
            let mut step = 1;
            while step < count {
                step *= 10;
            }
            if step == count {
                let after = format!("{count} on this day");
                let entry = audit::Entry {
                    at: now,
                    actor: "unknown",
                    action: "callback.forged",
                    subject: gateway,
                    before: None,
                    after: Some(&after),
                    cause: reason,
                };
                self.audit(tx, &entry)?;
            }
            Ok(())
        })
    }

    /// Call-backs that were not taken: gateway, day, reason and number.
    ///
    /// # Errors
    /// What the database says.
    pub fn forged_callbacks(
        &self,
    ) -> Result<Vec<(String, dunlin_domain::date::Date, String, i64)>, EngineError> {
        Ok(self.db.read(payment_store::forged)?)
    }
}

/// Whether the body was signed with the gateway's secret, within the window; the reason if not.
fn check_signature(gateway: &Gateway, callback: &Callback<'_>, now: Timestamp) -> Result<(), &'static str> {
    let timestamp = callback.timestamp.ok_or("no_timestamp")?;
    let signature = callback.signature.and_then(hex::decode).ok_or("no_signature")?;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(gateway.secret.reveal().as_bytes()).map_err(|_| "no_secret")?;
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(callback.body);
    // Compares in constant time.
    mac.verify_slice(&signature).map_err(|_| "wrong_signature")?;
    let seconds: i64 = timestamp.parse().map_err(|_| "no_timestamp")?;
    let ours = now.micros() / 1_000_000;
    if seconds.abs_diff(ours) > gateway.window_seconds.unsigned_abs() {
        return Err("out_of_date");
    }
    Ok(())
}

/// The signature of a body, as a gateway makes it; for tests and for those who write one.
///
/// # Panics
/// Never: HMAC takes a key of any length.
#[must_use]
pub fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    hex::encode(&mac.finalize().into_bytes())
}

fn row_of(gateway: &str, body: &Body, now: Timestamp) -> Result<IncomingRow, EngineError> {
    if !matches!(body.kind.as_str(), "payment" | "refund" | "reversal" | "return") {
        return refused(
            "body",
            wording!(
                "类型“{}”不是 payment、refund、reversal、return 之一",
                "type {:?} is none of payment, refund, reversal, return",
                body.kind
            ),
        );
    }
    if body.event_id.is_empty() || body.payment.is_empty() || body.event_id.len() + body.payment.len() > 150 {
        return refused(
            "body",
            wording!(
                "event_id 与 payment 合计须为 1 至 150 个字符",
                "event_id and payment are 1 to 150 characters together"
            ),
        );
    }
    check_amount(&body.amount, &body.currency)?;
    let value_on = day(&body.value_on)?;
    let reference = |name: &str| format!("{gateway}:{name}");
    dunlin_domain::recording::check_reference(&reference(&body.payment))?;
    dunlin_domain::recording::check_reference(&reference(&body.event_id))?;
    let group = Key::of_cause("gateway payment", &[gateway.as_bytes(), body.payment.as_bytes()]);
    let identity = hash_parts("gateway event", &[gateway.as_bytes(), body.event_id.as_bytes()]);
    let is_payment = body.kind == "payment";
    let agreement = body.agreement.as_deref().unwrap_or_default();
    let content: [&[u8]; 6] = [
        body.kind.as_bytes(),
        body.payment.as_bytes(),
        agreement.as_bytes(),
        body.amount.as_bytes(),
        body.currency.as_bytes(),
        body.value_on.as_bytes(),
    ];
    let payment = reference(&body.payment);
    Ok(IncomingRow {
        group,
        key: entry_key(group, identity),
        source: "gateway".to_owned(),
        source_name: gateway.to_owned(),
        kind: body.kind.clone(),
        reference: if is_payment { payment.clone() } else { reference(&body.event_id) },
        target: (!is_payment).then_some(payment),
        named: body.agreement.clone(),
        amount: body.amount.clone(),
        currency: body.currency.clone(),
        value_on,
        booked_on: None,
        end_to_end_id: None,
        text: body.reason.chars().take(500).collect(),
        statement: None,
        content_hash: hash_parts("gateway event", &content),
        received_at: now,
        state: "unmatched".to_owned(),
        state_at: now,
        code: String::new(),
        detail: String::new(),
        decided_by: format!("gateway:{gateway}"),
        agreement: None,
        is_open: true,
    })
}
