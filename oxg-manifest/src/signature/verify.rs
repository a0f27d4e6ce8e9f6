//! Checking the artifact of a plugin.

use std::fmt;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::key::{PublicKey, Validity};
use super::path::clean;
use super::{
    Curve, FileError, FileRole, Rules, Sha256Digest, SigningKey, VerifyError, allowlist, encoding,
    files,
};
use crate::signature::files::Folders;
use crate::{Manifest, SignatureFiles};

/// Checks the artifact of a plugin against its signature and the `ALLOWLIST`.
///
/// The files are read when [`verify`](Self::verify) is called: the artifact once and as a stream,
/// any other up to 64 KiB (the `ALLOWLIST` up to 1 MiB). Only regular files are read.
#[derive(Debug, Clone)]
pub struct Verifier {
    manifest: PathBuf,
    repository: Option<PathBuf>,
    allowlist: Option<PathBuf>,
    rules: Rules,
    now: SystemTime,
}

impl Verifier {
    /// For the plugin whose manifest lies at `manifest`. The file itself is not read.
    #[must_use]
    pub fn new(manifest: impl Into<PathBuf>) -> Self {
        Self {
            manifest: manifest.into(),
            repository: None,
            allowlist: None,
            rules: Rules::default(),
            now: SystemTime::now(),
        }
    }

    /// The repository. Default: the nearest folder with a `go.mod`, up to 8 up, the plugin's own
    /// included. By [`Rules::Host`], a folder without one does not count.
    #[must_use]
    pub fn repository(mut self, folder: impl Into<PathBuf>) -> Self {
        self.repository = Some(folder.into());
        self
    }

    /// The `ALLOWLIST`. Default: the nearest one, up to 5 folders up, the plugin's own included.
    #[must_use]
    pub fn allowlist(mut self, file: impl Into<PathBuf>) -> Self {
        self.allowlist = Some(file.into());
        self
    }

    /// By which rules. Default: [`Rules::Strict`].
    #[must_use]
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// The time at which a certificate should be valid. Default: when this was made.
    #[must_use]
    pub fn at(mut self, now: SystemTime) -> Self {
        self.now = now;
        self
    }

    /// Checks the artifact that `manifest` names.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or when the artifact is not what was signed and listed.
    pub fn verify(&self, manifest: &Manifest) -> Result<Verified, VerifyError> {
        let names = manifest.signature.as_ref();
        let folders = self.folders()?;
        let mut notices = Notices(Vec::new());
        if !folders.repository.as_deref().is_some_and(files::has_go_mod) {
            if !self.rules.is_strict() {
                return Err(VerifyError::NoRepository(folders.plugin));
            }
            notices.add(Notice::NoRepository);
        }

        let artifact = self.artifact(manifest, &folders)?;
        let (file, metadata) = files::open(FileRole::Artifact, &artifact)?;
        notices.look_at(FileRole::Artifact, &artifact, &metadata);
        let digest = Sha256Digest::of_reader(file).map_err(|source| FileError::Unreadable {
            role: FileRole::Artifact,
            path: artifact.clone(),
            source,
        })?;
        let allowlist = self.check_allowlist(&folders, &artifact, digest, &mut notices)?;

        let names = names.ok_or(VerifyError::NoSignature)?;
        let signature = folders.find(FileRole::Signature, names.signature().as_path())?;
        let bytes = read_signature(&signature)?;
        let (key, public_key) = self.key(names, &folders, &mut notices)?;
        if !public_key.verifies(&digest, &bytes) {
            return Err(VerifyError::Mismatch { signature, key: key.file, artifact });
        }
        if manifest.trusted == Some(true) {
            notices.add(Notice::HostMaySkip);
        }
        Ok(Verified {
            artifact,
            digest,
            signature,
            key,
            repository: folders.repository,
            allowlist,
            rules: self.rules,
            notices: notices.0,
        })
    }

    /// The file of the artifact that `manifest` names.
    ///
    /// # Errors
    ///
    /// When the manifest names none, or there is no such file.
    pub fn find_artifact(&self, manifest: &Manifest) -> Result<PathBuf, VerifyError> {
        self.artifact(manifest, &self.folders()?)
    }

    /// Where the signature that `manifest` names belongs: the file may be missing. Without a
    /// signature in the manifest, beside the artifact, with `.sig` behind its name.
    ///
    /// # Errors
    ///
    /// When there is no artifact, or the place is one that the rules refuse.
    pub fn place_signature(&self, manifest: &Manifest) -> Result<PathBuf, VerifyError> {
        let folders = self.folders()?;
        match &manifest.signature {
            Some(names) => folders.place(FileRole::Signature, names.signature().as_path()),
            None => {
                let mut path = self.artifact(manifest, &folders)?.into_os_string();
                path.push(".sig");
                Ok(path.into())
            }
        }
    }

    /// Makes sure that `key` belongs to the public key or certificate that `manifest` names, if it
    /// names one.
    ///
    /// # Errors
    ///
    /// When it belongs to another key, or that file cannot be read.
    pub fn check_signing_key(
        &self,
        manifest: &Manifest,
        key: &SigningKey,
    ) -> Result<(), VerifyError> {
        let Some(names) = &manifest.signature else {
            return Ok(());
        };
        let (named, public) = self.key(names, &self.folders()?, &mut Notices(Vec::new()))?;
        if key.is_private_part_of(&public) {
            return Ok(());
        }
        Err(VerifyError::OtherKey { role: named.source.role(), path: named.file })
    }

    fn folders(&self) -> Result<Folders, VerifyError> {
        let manifest = absolute(&self.manifest)?;
        let plugin = manifest.parent().unwrap_or(&manifest).to_owned();
        Ok(Folders::new(plugin, self.repository.as_deref(), self.rules))
    }

    fn artifact(&self, manifest: &Manifest, folders: &Folders) -> Result<PathBuf, VerifyError> {
        let path = manifest.artifact.as_ref().ok_or(VerifyError::NoArtifact)?;
        // The host trims this path, and no other.
        folders.find(FileRole::Artifact, Path::new(path.as_str().trim()))
    }

    fn check_allowlist(
        &self,
        folders: &Folders,
        artifact: &Path,
        digest: Sha256Digest,
        notices: &mut Notices,
    ) -> Result<Option<PathBuf>, VerifyError> {
        let found = match &self.allowlist {
            Some(given) => Some(absolute(given)?),
            None => folders.find_allowlist(),
        };
        let Some(path) = found else {
            if !self.rules.is_strict() {
                return Err(VerifyError::NoAllowlist(folders.plugin.clone()));
            }
            notices.add(Notice::NoAllowlist);
            return Ok(None);
        };
        let (text, metadata) = files::read(FileRole::Allowlist, &path)?;
        notices.look_at(FileRole::Allowlist, &path, &metadata);
        allowlist::check(&path, &text, artifact, digest, self.rules)?;
        Ok(Some(path))
    }

    fn key(
        &self,
        names: &SignatureFiles,
        folders: &Folders,
        notices: &mut Notices,
    ) -> Result<(VerifiedKey, PublicKey), VerifyError> {
        let (source, name) = match (names.certificate(), names.public_key()) {
            (Some(name), _) => (KeySource::Certificate, name),
            (None, Some(name)) => (KeySource::PublicKey, name),
            (None, None) => return Err(VerifyError::NoSignature),
        };
        let role = source.role();
        let file = folders.find(role, name.as_path())?;
        let (text, metadata) = files::read(role, &file)?;
        notices.look_at(role, &file, &metadata);
        let key = match source {
            KeySource::PublicKey => PublicKey::from_pem(&text),
            KeySource::Certificate => {
                PublicKey::from_certificate_pem(&text).map(|(key, validity)| {
                    notices.check_validity(validity, self.now);
                    key
                })
            }
        };
        let key = key.map_err(|problem| VerifyError::Key { role, path: file.clone(), problem })?;
        let verified =
            VerifiedKey { file, source, curve: key.curve(), fingerprint: key.fingerprint };
        Ok((verified, key))
    }
}

fn absolute(path: &Path) -> Result<PathBuf, VerifyError> {
    std::path::absolute(path).map(|path| clean(&path)).map_err(|source| {
        FileError::Unreadable { role: FileRole::Artifact, path: path.to_owned(), source }.into()
    })
}

fn read_signature(path: &Path) -> Result<Vec<u8>, VerifyError> {
    let (text, _) = files::read(FileRole::Signature, path)?;
    let text = std::str::from_utf8(&text).unwrap_or_default().trim();
    let bytes = encoding::base64(text.as_bytes()).unwrap_or_default();
    if bytes.is_empty() {
        return Err(VerifyError::SignatureEncoding { path: path.to_owned() });
    }
    Ok(bytes)
}

/// What was found about an artifact that is what was signed and, where there is a list, listed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The artifact.
    pub artifact: PathBuf,
    /// Its digest.
    pub digest: Sha256Digest,
    /// The file with the signature.
    pub signature: PathBuf,
    /// The key that signed.
    pub key: VerifiedKey,
    /// The repository, when there is one.
    pub repository: Option<PathBuf>,
    /// The `ALLOWLIST` that has the artifact; none when there is no such file.
    pub allowlist: Option<PathBuf>,
    /// By which rules it was checked.
    pub rules: Rules,
    /// What a person should know beyond that.
    pub notices: Vec<Notice>,
}

/// The key that signed an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedKey {
    /// The file.
    pub file: PathBuf,
    /// Which key of the manifest named it.
    pub source: KeySource,
    /// The curve.
    pub curve: Curve,
    /// The SHA-256 of the key in DER (SubjectPublicKeyInfo), as in
    /// `openssl pkey -pubin -outform der | sha256sum`.
    pub fingerprint: Sha256Digest,
}

/// Where a key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySource {
    /// `signature.publicKey`.
    PublicKey,
    /// `signature.certificate`: its key alone. Who issued it, and for what, is not checked.
    Certificate,
}

impl KeySource {
    /// What the file is for.
    #[must_use]
    pub fn role(self) -> FileRole {
        match self {
            Self::PublicKey => FileRole::PublicKey,
            Self::Certificate => FileRole::Certificate,
        }
    }
}

/// Something that a person should know about a verified artifact. `Display` is a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// There is no repository with a `go.mod`.
    NoRepository,
    /// There is no `ALLOWLIST`.
    NoAllowlist,
    /// The certificate has expired.
    CertificateExpired,
    /// The certificate is not valid yet.
    CertificateNotYetValid,
    /// Everybody on this machine may change a file.
    WritableByOthers {
        /// What the file is for.
        role: FileRole,
        /// The file.
        path: PathBuf,
    },
    /// The manifest has `"trusted": true`.
    HostMaySkip,
}

impl Notice {
    /// A stable name, such as `no-allowlist`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoRepository => "no-repository",
            Self::NoAllowlist => "no-allowlist",
            Self::CertificateExpired => "certificate-expired",
            Self::CertificateNotYetValid => "certificate-not-yet-valid",
            Self::WritableByOthers { .. } => "writable-by-others",
            Self::HostMaySkip => "host-may-skip",
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRepository => f.write_str(
                "there is no repository with a go.mod; the host would not start the plugin from here",
            ),
            Self::NoAllowlist => f.write_str(
                "there is no ALLOWLIST at or above the plugin; the host would not start it from here",
            ),
            Self::CertificateExpired => {
                f.write_str("the certificate has expired; the host does not look at that")
            }
            Self::CertificateNotYetValid => {
                f.write_str("the certificate is not valid yet; the host does not look at that")
            }
            Self::WritableByOthers { role, path } => write!(
                f,
                "everybody on this machine may change the {role} {}; run `chmod o-w` on it",
                path.display()
            ),
            Self::HostMaySkip => f.write_str(
                "the manifest says \"trusted\": true, so the host skips this check when its operator \
                 asks it to; without that line it never does",
            ),
        }
    }
}

struct Notices(Vec<Notice>);

impl Notices {
    fn add(&mut self, notice: Notice) {
        self.0.push(notice);
    }

    fn look_at(&mut self, role: FileRole, path: &Path, metadata: &Metadata) {
        if files::is_writable_by_others(metadata) {
            self.add(Notice::WritableByOthers { role, path: path.to_owned() });
        }
    }

    fn check_validity(&mut self, validity: Validity, now: SystemTime) {
        if now > validity.not_after {
            self.add(Notice::CertificateExpired);
        } else if now < validity.not_before {
            self.add(Notice::CertificateNotYetValid);
        }
    }
}
