//! Encrypted connections: who may vouch for the server, and when one is insisted on.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::store::OpenError;

/// What the client does not know: `require` means the same here.
const FULL: &str = "sslmode=verify-full";

/// Reads an address in which the client knows every word.
pub(super) fn parse(address: &str) -> Result<Config, tokio_postgres::Error> {
    let known = match address.rsplit_once(FULL) {
        Some((before, after)) if before.is_empty() || before.ends_with(['?', '&', ' ']) => {
            format!("{before}sslmode=require{after}")
        }
        _ => address.to_owned(),
    };
    known.parse()
}

/// Insists on encryption if the address asks for it, and otherwise does without: to encrypt without
/// knowing for whom protects from nobody who can stand in between.
pub(super) fn connector(
    config: &mut Config,
    root_certificates: Option<&Path>,
) -> Result<MakeRustlsConnect, OpenError> {
    let mut trusted = RootCertStore::empty();
    if config.get_ssl_mode() == SslMode::Require {
        for certificate in certificates(root_certificates)? {
            let added = trusted.add(certificate);
            // Some that the machine trusts may be of a kind that this program does not know.
            if let (Err(source), Some(path)) = (added, root_certificates) {
                return Err(unusable(Some(path), source));
            }
        }
        if trusted.is_empty() {
            let source = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(unusable(root_certificates, source));
        }
    } else {
        config.ssl_mode(SslMode::Disable);
    }
    let client = ClientConfig::builder().with_root_certificates(trusted);
    Ok(MakeRustlsConnect::new(client.with_no_client_auth()))
}

/// Returns the certificates in a file, or those that the machine trusts.
fn certificates(path: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, OpenError> {
    let Some(path) = path else {
        return Ok(rustls_native_certs::load_native_certs().certs);
    };
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    certificates.map_err(|source| unusable(Some(path), source))
}

fn unusable(
    path: Option<&Path>,
    source: impl std::error::Error + Send + Sync + 'static,
) -> OpenError {
    OpenError::Certificates {
        place: path.map_or_else(
            || "what the machine trusts".to_owned(),
            |path| format!("`{}`", path.display()),
        ),
        source: Arc::new(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_is_insisted_on_only_where_the_address_asks_for_it() {
        for (address, expected) in [
            ("postgres://u@h/d", SslMode::Prefer),
            ("postgres://u@h/d?sslmode=disable", SslMode::Disable),
            ("postgres://u@h/d?sslmode=require", SslMode::Require),
            ("postgres://u@h/d?sslmode=verify-full", SslMode::Require),
            (
                "postgres://u@h/d?keepalives=1&sslmode=verify-full&application_name=x",
                SslMode::Require,
            ),
            (
                "host=h user=u sslmode=verify-full dbname=d",
                SslMode::Require,
            ),
        ] {
            let found = parse(address).unwrap();
            assert_eq!(found.get_ssl_mode(), expected, "{address}");
        }
        assert!(parse("postgres://u@h/d?sslmode=verify-ca").is_err());
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut config = parse("postgres://u@h/d?sslmode=require").unwrap();
        let error = connector(&mut config, Some(file.path())).err().unwrap();
        let expected = format!("no usable certificates in `{}`", file.path().display());
        assert_eq!(error.to_string(), expected);
    }
}
