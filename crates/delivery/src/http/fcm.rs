//! Push messages by Firebase Cloud Messaging, HTTP v1.
//!
//! Promises that the key of the service account signs a short-lived token and is itself never sent, and that a device
//! that is gone costs the customer that contact point and nothing else.

use std::sync::{Mutex, PoisonError};

use dunlin_domain::date::Timestamp;
use dunlin_domain::message::ClearedMessage;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::json;

use super::adapter::{Failure, Reply, Request};
use super::sign::{base64_url, form, unix_seconds};
use crate::config::FcmConfig;
use crate::handover::Handover;

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// Google's tokens live for an hour; a new one is asked for a little earlier.
const TOKEN_SECONDS: i64 = 3_600;
const TOKEN_MARGIN_SECONDS: i64 = 300;
/// What FCM keeps a message for at most.
const TTL_SECONDS_MAX: i64 = 2_419_200;

/// The file that Google hands out for a service account, as far as it is needed.
#[derive(Deserialize)]
struct AccountFile {
    project_id: String,
    private_key: String,
    private_key_id: String,
    client_email: String,
    token_uri: String,
}

/// Who sends pushes.
pub(crate) struct Fcm {
    project: String,
    email: String,
    key_id: String,
    key: RsaKeyPair,
    token_url: String,
    endpoint: String,
    /// The token in use, and when it runs out, in seconds since 1970.
    token: Mutex<Option<(String, i64)>>,
}

impl Fcm {
    /// Reads the service account; the complaint says what is wrong with its file.
    pub fn open(config: &FcmConfig) -> Result<Self, Wording> {
        let path = config.account_file.display();
        let text = std::fs::read(&config.account_file)
            .map_err(|error| wording!("无法读取 {path}：原文“{error}”", "{path} cannot be read: {error}"))?;
        let file: AccountFile = serde_json::from_slice(&text).map_err(|_| {
            wording!("{path} 不是服务账号的 JSON 文件", "{path} is not the JSON file of a service account")
        })?;
        let der = PrivateKeyDer::from_pem_slice(file.private_key.as_bytes());
        let key = der.ok().and_then(|der| match &der {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok(),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).ok(),
            _ => None,
        });
        Ok(Self {
            project: file.project_id,
            email: file.client_email,
            key_id: file.private_key_id,
            key: key.ok_or_else(|| wording!("{path} 中没有 RSA 密钥", "{path} holds no RSA key"))?,
            token_url: file.token_uri,
            endpoint: config.endpoint.0.clone(),
            token: Mutex::default(),
        })
    }

    /// Where a token is asked for.
    pub fn token_url(&self) -> &str {
        &self.token_url
    }

    /// The token, if the one that we have is still good at `now`.
    pub fn token(&self, now: Timestamp) -> Option<String> {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        let (text, until) = token.as_ref()?;
        (unix_seconds(now) < until - TOKEN_MARGIN_SECONDS).then(|| text.clone())
    }

    /// The request for a new token: a claim that the account's key signs (RFC 7523, RFC 7515).
    pub fn token_request(&self, now: Timestamp) -> Request {
        let seconds = unix_seconds(now);
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.key_id });
        let claims = json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.token_url,
            "iat": seconds,
            "exp": seconds + TOKEN_SECONDS,
        });
        let encoded = |value: serde_json::Value| base64_url(value.to_string().as_bytes());
        let claim = format!("{}.{}", encoded(header), encoded(claims));
        let assertion = format!("{claim}.{}", base64_url(&self.sign(claim.as_bytes())));
        let fields =
            [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &*assertion)];
        Request {
            method: "POST".to_owned(),
            url: self.token_url.clone(),
            headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
            body: form(&fields).into_bytes(),
        }
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.key.public().modulus_len()];
        // The random source only blinds the computation: the signature is the same every time.
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature)
            .expect("there is room for the signature");
        signature
    }

    /// Keeps the token of an answer. Without one nothing can be sent.
    pub fn take_token(&self, reply: Reply<'_>, now: Timestamp) -> Result<String, Handover> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: String,
            expires_in: i64,
        }
        match (reply.is_success(), serde_json::from_slice::<Granted>(reply.body)) {
            (true, Ok(granted)) => {
                let until = unix_seconds(now) + granted.expires_in;
                let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
                *token = Some((granted.access_token.clone(), until));
                Ok(granted.access_token)
            }
            _ => Err(Failure::Unavailable.with("no_token", reply)),
        }
    }

    /// `projects.messages.send`.
    pub fn request(&self, message: &ClearedMessage, token: &str, now: Timestamp) -> Request {
        let left = (message.expires_at().micros() - now.micros()) / 1_000_000;
        let ttl = left.clamp(1, TTL_SECONDS_MAX);
        let until = unix_seconds(now) + ttl;
        let body = json!({ "message": {
            "token": message.recipient().reveal(),
            "notification": { "title": message.subject(), "body": message.body().reveal() },
            "data": { "message_id": message.id().to_string() },
            "android": { "ttl": format!("{ttl}s") },
            "apns": { "headers": { "apns-expiration": until.to_string() } },
        } });
        Request {
            method: "POST".to_owned(),
            url: format!("{}/v1/projects/{}/messages:send", self.endpoint, self.project),
            headers: vec![
                ("content-type".to_owned(), "application/json; charset=utf-8".to_owned()),
                ("authorization".to_owned(), format!("Bearer {token}")),
            ],
            body: body.to_string().into_bytes(),
        }
    }

    /// What FCM answers ("ErrorCode" of its reference).
    pub fn answer(&self, reply: Reply<'_>) -> Handover {
        let json = reply.json();
        if let (true, Some(name)) = (reply.is_success(), json["name"].as_str()) {
            return Handover::Accepted { references: vec![name.to_owned()] };
        }
        let details = json["error"]["details"].as_array();
        let detailed =
            details.and_then(|details| details.iter().find_map(|detail| detail["errorCode"].as_str()));
        let code = detailed.or_else(|| json["error"]["status"].as_str()).unwrap_or_default();
        let failure = match code {
            "UNREGISTERED" => Failure::BadAddress,
            "QUOTA_EXCEEDED" | "RESOURCE_EXHAUSTED" => Failure::Throttled,
            "UNAVAILABLE"
            | "SENDER_ID_MISMATCH"
            | "THIRD_PARTY_AUTH_ERROR"
            | "PERMISSION_DENIED"
            | "UNAUTHENTICATED" => Failure::Unavailable,
            "INVALID_ARGUMENT" => Failure::Rejected,
            "INTERNAL" => Failure::Unknown,
            _ => Failure::of_status(reply.status),
        };
        if reply.status == 401 {
            // A token that was withdrawn early: the next message asks for another.
            *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        failure.with(code, reply)
    }
}
