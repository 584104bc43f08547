//! DKIM signatures (RFC 6376, RFC 8463) on outgoing mail.
//!
//! Promises a signature over the headers that a receiver shows and acts on, and over the whole text, so that neither
//! can be changed on the way; `From` is signed once more than it is there, so that none can be added. Headers and text
//! are signed in their relaxed form, which survives what relays do to white space.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

use crate::config::DkimConfig;
use crate::http::sign::base64;

/// The headers that are signed, where they are there.
const SIGNED: [&str; 12] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-language",
    "list-unsubscribe",
    "list-unsubscribe-post",
];

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// Signs mails for one domain.
pub(super) struct Signer {
    domain: String,
    selector: String,
    key: Key,
}

impl Signer {
    /// Reads the key; the complaint says what is wrong with it.
    pub fn open(config: &DkimConfig) -> Result<Self, Wording> {
        let key = read_key(&config.key_file)?;
        Ok(Self { domain: config.domain.clone(), selector: config.selector.clone(), key })
    }

    /// The `DKIM-Signature` header, with its line break, of a mail with headers and text as they go over the wire,
    /// signed at `seconds` since 1970.
    pub fn header(&self, mail: &str, seconds: i64) -> String {
        let (headers, body) = mail.split_once("\r\n\r\n").unwrap_or((mail, ""));
        let headers = unfolded(headers);
        let mut names: Vec<&str> =
            SIGNED.into_iter().filter(|name| headers.iter().any(|(known, _)| known == name)).collect();
        names.push("from");
        let algorithm = match &self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        };
        let body_hash = base64(digest::digest(&digest::SHA256, relaxed_body(body).as_bytes()).as_ref());
        let unsigned = format!(
            "v=1; a={algorithm}; c=relaxed/relaxed; d={}; s={}; t={seconds};\r\n h={};\r\n bh={body_hash};\r\n b=",
            self.domain,
            self.selector,
            names.join(":"),
        );
        let signature = self.sign(&to_sign(&headers, &names, &unsigned));
        let mut value = unsigned;
        // Lines of a header should not be longer than 78 letters.
        for (index, letter) in signature.chars().enumerate() {
            if index > 0 && index % 72 == 0 {
                value.push_str("\r\n ");
            }
            value.push(letter);
        }
        format!("DKIM-Signature: {value}\r\n")
    }

    fn sign(&self, text: &str) -> String {
        match &self.key {
            Key::Rsa(key) => {
                let mut bytes = vec![0; key.public().modulus_len()];
                // The random source only blinds the computation: the signature is the same every time.
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut bytes)
                    .expect("there is room for the signature");
                base64(&bytes)
            }
            // RFC 8463, 3: the hash is signed.
            Key::Ed25519(key) => {
                let hash = digest::digest(&digest::SHA256, text.as_bytes());
                base64(key.sign(hash.as_ref()).as_ref())
            }
        }
    }
}

fn read_key(path: &Path) -> Result<Key, Wording> {
    let file = path.display();
    let pem = fs::read(path)
        .map_err(|error| wording!("无法读取 {file}：原文“{error}”", "{file} cannot be read: {error}"))?;
    let der = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        wording!(
            "{file} 不是 PEM 格式的私钥；请用 openssl genrsa -out FILE 2048 生成",
            "{file} is not a private key in PEM; make one with openssl genrsa -out FILE 2048"
        )
    })?;
    let rsa = match &der {
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(der) => {
            if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der()) {
                return Ok(Key::Ed25519(key));
            }
            RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
        }
        _ => {
            return Err(wording!(
                "{file} 既不是 RSA 密钥，也不是 Ed25519 密钥",
                "{file} is neither an RSA nor an Ed25519 key"
            ));
        }
    };
    let key = rsa.map_err(|error| {
        wording!(
            "{file} 既不是 2048 位及以上的 RSA 密钥，也不是 Ed25519 密钥：原文“{error}”",
            "{file} is no RSA key of 2048 bits or more, nor an Ed25519 key: {error}"
        )
    })?;
    Ok(Key::Rsa(Box::new(key)))
}

/// Name in lower case and value of each header, with its folds undone.
fn unfolded(headers: &str) -> Vec<(String, String)> {
    let joined = headers.replace("\r\n ", " ").replace("\r\n\t", " ");
    let pairs = joined.split("\r\n").filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.to_owned())).collect()
}

/// White space in one piece, and none at the ends (RFC 6376, 3.4.2).
fn relaxed(value: &str) -> String {
    value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// RFC 6376, 3.4.4.
fn relaxed_body(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut empty_count = 0;
    for line in body.strip_suffix("\r\n").unwrap_or(body).split("\r\n") {
        let line = line.trim_end_matches([' ', '\t']);
        let mut single = String::with_capacity(line.len());
        for letter in line.chars() {
            let is_space = letter == ' ' || letter == '\t';
            if !is_space || !single.ends_with(' ') {
                single.push(if is_space { ' ' } else { letter });
            }
        }
        if single.is_empty() {
            empty_count += 1;
            continue;
        }
        out.push_str(&"\r\n".repeat(empty_count));
        empty_count = 0;
        write!(out, "{single}\r\n").expect("text can be written to");
    }
    out
}

/// The headers in the order of `names`, the lowest of several first, and the signature's own without its value (RFC
/// 6376, 3.7 and 5.4.2).
fn to_sign(headers: &[(String, String)], names: &[&str], unsigned: &str) -> String {
    let mut text = String::new();
    let mut left: Vec<&(String, String)> = headers.iter().collect();
    for name in names {
        if let Some(index) = left.iter().rposition(|(known, _)| known == name) {
            let (_, value) = left.remove(index);
            write!(text, "{name}:{}\r\n", relaxed(value)).expect("text can be written to");
        }
    }
    text + "dkim-signature:" + &relaxed(unsigned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8463, appendix A: the message, the key and the signature that it must have.
    #[test]
    fn a_mail_is_signed_as_the_rfc_has_published() {
        let mail = "From: Joe SixPack <joe@football.example.com>\r\n\
             To: Suzie Q <suzie@shopping.example.net>\r\n\
             Subject: Is dinner ready?\r\n\
             Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
             Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n\
             Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
        let (headers, body) = mail.split_once("\r\n\r\n").expect("it has a text");
        let hash = digest::digest(&digest::SHA256, relaxed_body(body).as_bytes());
        assert_eq!(base64(hash.as_ref()), "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
        let names = ["from", "to", "subject", "date", "message-id", "from", "subject", "date"];
        let unsigned = "v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; \
             i=@football.example.com;\r\n q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : \
             message-id : from : subject : date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=";
        let seed = crate::http::sign::from_base64("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
        let key = Ed25519KeyPair::from_seed_unchecked(&seed.expect("base64")).expect("a key");
        let signer = Signer { domain: String::new(), selector: String::new(), key: Key::Ed25519(key) };
        assert_eq!(
            signer.sign(&to_sign(&unfolded(headers), &names, unsigned)),
            "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
        );
    }

    #[test]
    fn white_space_is_relaxed_as_the_rfc_says() {
        // RFC 6376, 3.4.5.
        assert_eq!(relaxed_body(" C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");
        assert_eq!(relaxed_body(""), "");
        assert_eq!(relaxed_body("\r\n\r\n"), "");
        assert_eq!(relaxed_body("a\r\n\r\nb"), "a\r\n\r\nb\r\n");
        assert_eq!(
            unfolded("A: X\r\nB : Y\t\r\n\tZ  "),
            [("a", " X"), ("b", " Y\t Z  ")].map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
        assert_eq!(relaxed(" Y\t Z  "), "Y Z");
    }
}
