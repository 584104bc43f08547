//! Personal data at rest: names, numbers and addresses are never in the database in the clear.
//!
//! Each customer has a key of their own; it encrypts what is personal about them, and is itself stored wrapped by
//! the master key. So erasing a customer is destroying one short row, backups of everything else included.
//! Stored values are found again by [`MasterKey::lookup_hash`], which tells nothing without the master key.
//!
//! AES-256-GCM-SIV throughout. What a value is encrypted *for* (table, column, row) is authenticated with it, so
//! that a ciphertext copied to another row does not decrypt there. No randomness is made here: fresh keys come
//! from the caller, nonces are derived (see [`CustomerKey::encrypt`]). Keys are wiped from memory when dropped;
//! the expanded AES rounds and the caller's copies are not.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::fmt;

use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce};
use dunlin_domain::contact::Personal;
use dunlin_domain::id::CustomerId;
use zeroize::{Zeroize, Zeroizing};

/// The first byte of all that we encrypt; another one is from a program that does it differently.
const FORMAT: u8 = 1;
const NONCE_LENGTH: usize = 12;
const TAG_LENGTH: usize = 16;
const FINGERPRINT_LENGTH: usize = 8;

/// A key is missing or wrong, or bytes do not decrypt. Never holds a key or a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CipherError {
    /// There is no key file.
    FileMissing {
        /// Where it should be.
        path: String,
    },
    /// There is a key file where a new one should be made.
    FileExists {
        /// Where it is.
        path: String,
    },
    /// Others than the owner may read or write the key file.
    FileOpenToOthers {
        /// Where it is.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file cannot be read or written.
    FileTrouble {
        /// Where it is.
        path: String,
        /// What the operating system said.
        reason: String,
    },
    /// What should be a master key is not 64 hexadecimal digits.
    Malformed {
        /// The file or environment variable.
        source: String,
    },
    /// A customer's key was wrapped by another master key than ours.
    OtherMasterKey {
        /// The fingerprint of that key.
        theirs: String,
        /// The fingerprint of ours.
        ours: String,
    },
    /// Stored bytes were altered, or belong to another row, column or customer.
    Damaged {
        /// Table and column, or what else they are.
        what: String,
    },
}

impl CipherError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::FileMissing { path } => wording!(
                "缺少主密钥文件 {path}；没有它就无法读取个人信息：请从备份处恢复，或指定正确的文件",
                "master key file {path} is missing; without it no personal data can be read: restore it from where \
                 you keep its copy, or name the right file"
            ),
            Self::FileExists { path } => wording!(
                "主密钥文件 {path} 已存在，不会被覆盖；请直接使用，或先移走",
                "master key file {path} is already there and will not be replaced; use it, or move it away first"
            ),
            Self::FileOpenToOthers { path, mode } => wording!(
                "主密钥文件 {path} 可被其他用户读取（权限 {mode:03o}）；请执行：chmod 600 {path}",
                "master key file {path} is open to other users (mode {mode:03o}); run: chmod 600 {path}"
            ),
            Self::FileTrouble { path, reason } => wording!(
                "无法使用主密钥文件 {path}：{reason}；请确认文件夹存在且归您所有",
                "cannot use master key file {path}: {reason}; check that the folder exists and belongs to you"
            ),
            Self::Malformed { source } => wording!(
                "{source} 中的主密钥不是 64 位十六进制数字；请用 openssl rand -hex 32 生成",
                "the master key in {source} is not 64 hexadecimal digits; make one with: openssl rand -hex 32"
            ),
            Self::OtherMasterKey { theirs, ours } => wording!(
                "个人信息是用主密钥 {theirs} 加密的，而提供的是 {ours}；请提供建立该数据库时的主密钥",
                "personal data was encrypted under master key {theirs}, the one given is {ours}; give the key that \
                 this database was made with"
            ),
            Self::Damaged { what } => wording!(
                "存储的 {what} 无法解密：可能被改动过，或不属于此处；请从备份恢复该行",
                "stored {what} does not decrypt: it was altered or belongs elsewhere; restore the row from a backup"
            ),
        }
    }
}

impl fmt::Display for CipherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for CipherError {}

/// Which column of which row a value is encrypted for; authenticated, not stored.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The column's name.
    pub column: &'a str,
    /// The row's id.
    pub row: &'a [u8],
}

impl Cell<'_> {
    fn authenticated(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.table.len() + self.column.len() + self.row.len() + 2);
        // Names of tables and columns have no bar in them, so this reads back in one way only.
        for name in [self.table, self.column] {
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(b'|');
        }
        bytes.extend_from_slice(self.row);
        bytes
    }
}

/// The key that wraps all others. `Debug` and `Display` of it show nothing but its fingerprint.
pub struct MasterKey {
    raw: Zeroizing<[u8; 32]>,
    wrapping: SubKeys,
    lookup: Zeroizing<[u8; 32]>,
    content: Zeroizing<[u8; 32]>,
}

/// The key of one customer. `Debug` of it shows nothing.
pub struct CustomerKey {
    raw: Zeroizing<[u8; 32]>,
    sub: SubKeys,
}

/// What encrypts and what derives nonces; the same bytes never serve two purposes.
struct SubKeys {
    encryption: Zeroizing<[u8; 32]>,
    nonce: Zeroizing<[u8; 32]>,
}

impl MasterKey {
    /// A key from its 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let raw = Zeroizing::new(bytes);
        Self {
            wrapping: SubKeys {
                encryption: derive("dunlin 2026 master key: wrapping", &raw),
                nonce: derive("dunlin 2026 master key: wrapping nonces", &raw),
            },
            lookup: derive("dunlin 2026 master key: lookup hashes", &raw),
            content: derive("dunlin 2026 master key: content hashes", &raw),
            raw,
        }
    }

    /// The key under which rows with personal data are hashed, so that their hashes tell nothing.
    #[must_use]
    pub fn content_key(&self) -> [u8; 32] {
        *self.content
    }

    /// A key from 64 hexadecimal digits, as an environment variable or a file has them; white space around them
    /// does not matter. `source` is what an error names.
    ///
    /// # Errors
    /// [`CipherError::Malformed`] for anything else.
    pub fn parse(source: &str, text: &str) -> Result<Self, CipherError> {
        let digits = text.trim().as_bytes();
        let mut bytes = Zeroizing::new([0; 32]);
        let malformed = || CipherError::Malformed { source: source.to_owned() };
        if digits.len() != 64 {
            return Err(malformed());
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = hex_digit(pair[0])
                .zip(hex_digit(pair[1]))
                .map(|(high, low)| high << 4 | low)
                .ok_or_else(malformed)?;
        }
        Ok(Self::from_bytes(*bytes))
    }

    /// The key as [`parse`](Self::parse) reads it, for writing its file.
    pub(crate) fn digits(&self) -> Zeroizing<String> {
        Zeroizing::new(hex(self.raw.as_slice()))
    }

    /// Sixteen hexadecimal digits that tell keys apart and tell nothing else about them.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(&self.fingerprint_bytes())
    }

    fn fingerprint_bytes(&self) -> [u8; FINGERPRINT_LENGTH] {
        let hash = derive("dunlin 2026 master key: fingerprint", &self.raw);
        let mut bytes = [0; FINGERPRINT_LENGTH];
        bytes.copy_from_slice(&hash[..FINGERPRINT_LENGTH]);
        bytes
    }

    /// A customer's key, encrypted for storing.
    #[must_use]
    pub fn wrap(&self, customer: &CustomerId, key: &CustomerKey) -> Vec<u8> {
        let mut stored = vec![FORMAT];
        stored.extend_from_slice(&self.fingerprint_bytes());
        self.wrapping.seal(&customer.0, key.raw.as_slice(), &mut stored);
        stored
    }

    /// Reads what [`wrap`](Self::wrap) wrote for this customer.
    ///
    /// # Errors
    /// [`CipherError::OtherMasterKey`]; [`CipherError::Damaged`] also for another customer's key.
    pub fn unwrap(&self, customer: &CustomerId, stored: &[u8]) -> Result<CustomerKey, CipherError> {
        let damaged = || CipherError::Damaged { what: format!("key of customer {customer}") };
        let [FORMAT, rest @ ..] = stored else { return Err(damaged()) };
        let (theirs, sealed) = rest.split_at_checked(FINGERPRINT_LENGTH).ok_or_else(damaged)?;
        if theirs != self.fingerprint_bytes() {
            return Err(CipherError::OtherMasterKey { theirs: hex(theirs), ours: self.fingerprint() });
        }
        let opened = self.wrapping.open(&customer.0, sealed).map(Zeroizing::new).ok_or_else(damaged)?;
        let bytes: [u8; 32] = opened.as_slice().try_into().map_err(|_| damaged())?;
        Ok(CustomerKey::from_bytes(bytes))
    }

    /// The key of answers from numbers that are no customer's, so that none of them lies open.
    #[must_use]
    pub fn strangers_key(&self) -> CustomerKey {
        CustomerKey::from_bytes(*derive("dunlin 2026 master key: answers of strangers", &self.raw))
    }

    /// The key that signs the links by which people who get mails say that they want no more of them.
    #[must_use]
    pub fn link_key(&self) -> [u8; 32] {
        *derive("dunlin 2026 master key: links in mails", &self.raw)
    }

    /// The seed of the key that signs what the watch found, for monitors elsewhere.
    #[must_use]
    pub fn statement_key(&self) -> [u8; 32] {
        *derive("dunlin 2026 master key: statements of the watch", &self.raw)
    }

    /// Under what a personal value is found again. `kind` keeps the hashes of, say, numbers and names apart; the
    /// text must be in its normal form already. Frozen: data on disk depends on it.
    ///
    /// Whoever has the database and the master key can test guesses, such as all phone numbers; whoever has
    /// the database alone cannot.
    #[must_use]
    pub fn lookup_hash(&self, kind: &str, normalised: &str) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new_keyed(&self.lookup);
        hasher.update(&(kind.len() as u64).to_le_bytes());
        hasher.update(kind.as_bytes());
        hasher.update(normalised.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        bytes
    }
}

impl CustomerKey {
    /// A key from its 32 bytes, which must come from a good random source.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let raw = Zeroizing::new(bytes);
        Self {
            sub: SubKeys {
                encryption: derive("dunlin 2026 customer key: encryption", &raw),
                nonce: derive("dunlin 2026 customer key: nonces", &raw),
            },
            raw,
        }
    }

    /// Encrypts a personal text for one cell: 29 bytes more than the text.
    ///
    /// The nonce is a keyed hash of cell and text, so that the same import writes the same bytes and nothing here
    /// needs a random source. The price: who sees the table twice sees whether a cell holds the same text as
    /// before. Between cells and customers equal texts do not show, and SIV mode stays safe under equal nonces.
    #[must_use]
    pub fn encrypt(&self, cell: &Cell<'_>, text: &Personal) -> Vec<u8> {
        let text = text.reveal().as_bytes();
        let mut stored = Vec::with_capacity(1 + NONCE_LENGTH + text.len() + TAG_LENGTH);
        stored.push(FORMAT);
        self.sub.seal(&cell.authenticated(), text, &mut stored);
        stored
    }

    /// Reads what [`encrypt`](Self::encrypt) wrote for the same cell under the same key.
    ///
    /// # Errors
    /// [`CipherError::Damaged`] for altered bytes, another cell or another key.
    pub fn decrypt(&self, cell: &Cell<'_>, stored: &[u8]) -> Result<Personal, CipherError> {
        let damaged = || CipherError::Damaged { what: format!("{}.{}", cell.table, cell.column) };
        let [FORMAT, sealed @ ..] = stored else { return Err(damaged()) };
        let opened = self.sub.open(&cell.authenticated(), sealed).ok_or_else(damaged)?;
        match String::from_utf8(opened) {
            Ok(text) => Ok(Personal::new(text)),
            Err(error) => {
                error.into_bytes().zeroize();
                Err(damaged())
            }
        }
    }
}

impl SubKeys {
    /// Appends nonce and ciphertext.
    fn seal(&self, authenticated: &[u8], plain: &[u8], stored: &mut Vec<u8>) {
        let mut hasher = blake3::Hasher::new_keyed(&self.nonce);
        hasher.update(&(authenticated.len() as u64).to_le_bytes());
        hasher.update(authenticated);
        hasher.update(plain);
        let mut nonce = Nonce::default();
        nonce.copy_from_slice(&hasher.finalize().as_bytes()[..NONCE_LENGTH]);
        let sealed = Aes256GcmSiv::new((&*self.encryption).into())
            .encrypt(&nonce, Payload { msg: plain, aad: authenticated })
            .expect("a text in memory is shorter than the 64 GiB that the mode allows");
        stored.extend_from_slice(&nonce);
        stored.extend_from_slice(&sealed);
    }

    /// Reads nonce and ciphertext; nothing when they are not authentic.
    fn open(&self, authenticated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LENGTH>()?;
        Aes256GcmSiv::new((&*self.encryption).into())
            .decrypt(nonce.into(), Payload { msg: sealed, aad: authenticated })
            .ok()
    }
}

fn derive(purpose: &str, raw: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(blake3::derive_key(purpose, raw))
}

fn hex_digit(digit: u8) -> Option<u8> {
    (digit as char).to_digit(16).map(|value| value as u8)
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS[usize::from(value & 15)] as char;
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "master key {}", self.fingerprint())
    }
}

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("customer key")
    }
}
