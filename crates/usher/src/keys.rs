//! The key file of the data directory: made once, read at every start.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use usher_app::keyring::Keyring;
use usher_model::id::IdSource;

use crate::config::Config;

/// The file's name in the data directory.
const FILE: &str = "secrets.key";

/// Returns the keys that the configuration names, or those of the data directory, where one is made
/// if there is none. Nodes that share a store share no directory: without configured keys they have
/// none.
///
/// # Errors
/// Fails if the file cannot be read or made.
pub(crate) fn keyring(config: &Config, ids: &IdSource) -> Result<Keyring> {
    if let Some(keys) = &config.secrets.keys {
        return Ok(Keyring::parse(keys.reveal())?);
    }
    if config.store.url.is_some() {
        return Ok(Keyring::empty());
    }
    let path = config.data.dir.join(FILE);
    let text = read_or_make(&path, ids).with_context(|| {
        let path = path.display();
        format!("cannot read or make the key file `{path}`")
    })?;
    Keyring::parse(&text).with_context(|| format!("cannot use `{}`", path.display()))
}

fn read_or_make(path: &Path, ids: &IdSource) -> std::io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        read => return read,
    }
    let line = Keyring::line(&ids.secret());
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            file.write_all(line.as_bytes())?;
            file.sync_all()?;
            Ok(line)
        }
        // Somebody else made it at the same time.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => fs::read_to_string(path),
        Err(error) => Err(error),
    }
}
