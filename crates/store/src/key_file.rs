//! The master key's file: 64 hexadecimal digits that only its owner may read, made once and never replaced.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use zeroize::Zeroizing;

use crate::cipher::{CipherError, MasterKey};

impl MasterKey {
    /// Reads the key file.
    ///
    /// # Errors
    /// [`CipherError::FileMissing`]; [`CipherError::FileOpenToOthers`] when its mode lets anyone but the owner
    /// at it; [`CipherError::Malformed`]; [`CipherError::FileTrouble`].
    pub fn read_file(path: &Path) -> Result<Self, CipherError> {
        let mode = match fs::metadata(path) {
            Ok(metadata) => metadata.permissions().mode() & 0o777,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(CipherError::FileMissing { path: path.display().to_string() });
            }
            Err(error) => return Err(trouble(path, &error)),
        };
        if mode & 0o077 != 0 {
            return Err(CipherError::FileOpenToOthers { path: path.display().to_string(), mode });
        }
        let bytes = Zeroizing::new(fs::read(path).map_err(|error| trouble(path, &error))?);
        // Bytes that are no text are no digits either; the empty text gets the same answer.
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        Self::parse(&path.display().to_string(), text)
    }

    /// Makes the key file with these random bytes, for a database that has no customers yet.
    ///
    /// The file appears whole or not at all, and on disk before this returns.
    ///
    /// # Errors
    /// [`CipherError::FileExists`]; [`CipherError::FileTrouble`].
    pub fn create_file(path: &Path, fresh: [u8; 32]) -> Result<Self, CipherError> {
        let key = Self::from_bytes(fresh);
        let draft = draft_path(path);
        let result = write_new(path, &draft, key.digits().as_bytes());
        // The draft is gone by name whatever happened; a failure to remove it must not hide the cause.
        let removed = fs::remove_file(&draft);
        match result {
            Ok(()) => removed.map(|()| key).map_err(|error| trouble(&draft, &error)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(CipherError::FileExists { path: path.display().to_string() })
            }
            Err(error) => Err(trouble(path, &error)),
        }
    }

    /// Reads the key file; makes it with these random bytes when there is none. Processes that do this together
    /// all get the key of the first.
    ///
    /// # Errors
    /// As [`read_file`](Self::read_file), but for the missing file.
    pub fn read_or_create_file(path: &Path, fresh: [u8; 32]) -> Result<Self, CipherError> {
        match Self::read_file(path) {
            Err(CipherError::FileMissing { .. }) => match Self::create_file(path, fresh) {
                Err(CipherError::FileExists { .. }) => Self::read_file(path),
                other => other,
            },
            other => other,
        }
    }
}

/// A name that no other thread or process uses.
fn draft_path(path: &Path) -> PathBuf {
    static DRAFT_COUNT: AtomicU32 = AtomicU32::new(0);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.{}.draft", std::process::id(), DRAFT_COUNT.fetch_add(1, Ordering::Relaxed)));
    PathBuf::from(name)
}

fn write_new(path: &Path, draft: &Path, digits: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(draft)?;
    // A draft that a crash left behind may have another mode.
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(digits)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    // Unlike a rename, a link does not replace a key that another process made meanwhile.
    fs::hard_link(draft, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn trouble(path: &Path, error: &std::io::Error) -> CipherError {
    CipherError::FileTrouble { path: path.display().to_string(), reason: error.to_string() }
}
