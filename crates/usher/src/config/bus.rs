//! `[bus]`: what carries hints between nodes.

use std::path::PathBuf;

use super::reader::Reader;
use super::secret::Secret;

/// What carries hints between nodes.
#[derive(Clone, Debug)]
pub struct Bus {
    /// The NATS servers; none means that hints stay in this process.
    pub url: Option<Secret>,
    /// The first word of every subject.
    pub subject: String,
    /// Certificates of those who may vouch for the server.
    pub root_certificates: Option<PathBuf>,
    /// The certificate that this node shows, and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

impl Bus {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let expected = "`nats://user:password@host:4222` or `tls://…`";
        let url = reader.secret("bus.url", "bus.url_file", expected, |url| {
            let mut servers = url.split(',').map(str::trim);
            servers.all(|server| server.starts_with("nats://") || server.starts_with("tls://"))
        });
        let key = "bus.subject";
        let subject = reader.text(key);
        if subject.is_empty() {
            reader.mistake(key, "expected a word, found nothing".to_owned());
        }
        let certificate = reader.file("bus.certificate_file");
        let certificate_key = reader.file("bus.certificate_key_file");
        if certificate.is_some() != certificate_key.is_some() {
            reader.mistake(
                "bus.certificate_key_file",
                "expected this and `bus.certificate_file`, found one of them".to_owned(),
            );
        }
        Self {
            url,
            subject: subject.to_owned(),
            root_certificates: reader.file("bus.root_certificates_file"),
            certificate: certificate.zip(certificate_key),
        }
    }
}
