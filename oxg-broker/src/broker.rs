//! The broker: its services, and how one is made.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use oxg_manifest::Manifest;
use oxg_protocol::Limits;
use oxg_protocol::audit::AuditRecord;
use oxg_protocol::finding::FindingRecord;
use oxg_protocol::log::LogRecord;
use oxg_redact::Redactor;
use rustls::pki_types::CertificateDer;

use crate::artifacts::Artifacts;
use crate::audit::Audit;
use crate::egress::{Dialer, Egress, Resolve, SystemResolver, Upstream, tls};
use crate::error::BrokerError;
use crate::findings::Findings;
use crate::jsonl::JsonLines;
use crate::session::{SessionBuilder, Sessions};

/// What every call can use.
pub(crate) struct Services {
    pub(crate) limits: Limits,
    pub(crate) redactor: Redactor,
    pub(crate) sessions: Sessions,
    pub(crate) audit: Audit,
    pub(crate) findings: Findings,
    pub(crate) logs: JsonLines,
    pub(crate) egress: Egress,
    artifacts: Mutex<HashMap<String, Arc<Artifacts>>>,
    directory: Option<PathBuf>,
}

impl Services {
    /// The artifacts of one plugin; every run of it sees the same.
    pub(crate) fn artifacts_of(&self, plugin: &str) -> Result<Arc<Artifacts>, BrokerError> {
        let mut stores = self.artifacts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = stores.get(plugin) {
            return Ok(store.clone());
        }
        let limit = self.limits.artifact_bytes;
        let store = Arc::new(match &self.directory {
            Some(directory) => {
                Artifacts::in_directory(&directory.join("artifacts").join(plugin), limit)?
            }
            None => Artifacts::in_memory(limit),
        });
        stores.insert(plugin.to_owned(), store.clone());
        Ok(store)
    }
}

/// A broker. It serves nothing until it [listens](Broker::listen_unix) or a stream is
/// [handed to it](Broker::connect).
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use oxg_broker::Broker;
/// use oxg_manifest::Manifest;
///
/// let manifest = Manifest::from_slice(br#"{
///     "name": "example", "version": "0.1.0", "entry": "./example",
///     "capabilities": { "secrets": { "broker": true } }
/// }"#)?;
/// let broker = Broker::builder().build()?; // everything in memory
/// let session = broker.session(manifest).secret("api-token".parse()?, "s3cr3t-value".into()).open()?;
/// let stream = broker.connect(); // one HTTP/1.1 connection, without a socket
/// # drop((session, stream));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Broker {
    pub(crate) services: Arc<Services>,
    pub(crate) connections: crate::serve::Connections,
}

impl Broker {
    /// A broker in the making.
    pub fn builder() -> BrokerBuilder {
        BrokerBuilder::default()
    }

    /// A session for the plugin of `manifest`.
    pub fn session(&self, manifest: Manifest) -> SessionBuilder {
        SessionBuilder::new(self.services.clone(), manifest)
    }

    /// The findings so far.
    ///
    /// # Errors
    /// If the file cannot be read back.
    pub fn findings(&self) -> Result<Vec<FindingRecord>, BrokerError> {
        self.services.findings.read()
    }

    /// The decisions so far.
    ///
    /// # Errors
    /// If the file cannot be read back.
    pub fn audit(&self) -> Result<Vec<AuditRecord>, BrokerError> {
        self.services.audit.read()
    }

    /// The log records that plugins sent so far.
    ///
    /// # Errors
    /// If the file cannot be read back.
    pub fn logs(&self) -> Result<Vec<LogRecord>, BrokerError> {
        let read = self.services.logs.read();
        read.map_err(|source| BrokerError::Directory { path: "logs.jsonl".into(), source })
    }

    /// The redactor that knows every secret of every session.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.services.redactor
    }

    /// Asks every plugin to finish, then closes every connection: those that are busy get the
    /// grace period of [`GRACE`](crate::serve::GRACE).
    pub async fn shutdown(&self) {
        self.services.sessions.drain();
        self.connections.shutdown().await;
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker")
            .field("directory", &self.services.directory)
            .finish_non_exhaustive()
    }
}

/// Makes a [`Broker`].
#[derive(Default)]
#[must_use = "a broker exists after `build`"]
pub struct BrokerBuilder {
    directory: Option<PathBuf>,
    limits: Limits,
    redactor: Redactor,
    roots: Vec<CertificateDer<'static>>,
    resolver: Option<Arc<dyn Resolve>>,
    upstream: Option<Arc<dyn Upstream>>,
}

impl BrokerBuilder {
    /// Keeps `findings.jsonl`, `audit.jsonl`, `logs.jsonl` and `artifacts/` in this directory,
    /// which is made if it is not there. Default: memory.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Other limits than the protocol's defaults.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// A redactor with more known values or another policy.
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    /// Trusts one more certificate authority of targets.
    pub fn root_certificate(mut self, certificate: CertificateDer<'static>) -> Self {
        self.roots.push(certificate);
        self
    }

    /// Resolves names otherwise than the operating system.
    pub fn resolver(mut self, resolver: impl Resolve) -> Self {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// Reaches targets otherwise than by dialling them. Policy is asked all the same.
    pub fn upstream(mut self, upstream: impl Upstream) -> Self {
        self.upstream = Some(Arc::new(upstream));
        self
    }

    /// Makes the broker.
    ///
    /// # Errors
    /// If the directory cannot be written or a root certificate cannot be used.
    pub fn build(self) -> Result<Broker, BrokerError> {
        let lines = |name: &str| open_lines(self.directory.as_deref(), name);
        let egress = Egress {
            resolver: self.resolver.unwrap_or_else(|| Arc::new(SystemResolver)),
            upstream: match self.upstream {
                Some(upstream) => upstream,
                None => Arc::new(Dialer::new(tls::client_config(self.roots)?)),
            },
        };
        let services = Services {
            limits: self.limits,
            sessions: Sessions::default(),
            audit: Audit::new(lines("audit.jsonl")?, self.redactor.clone()),
            findings: Findings::new(lines("findings.jsonl")?, self.redactor.clone())?,
            logs: lines("logs.jsonl")?,
            redactor: self.redactor.clone(),
            egress,
            artifacts: Mutex::default(),
            directory: self.directory.clone(),
        };
        Ok(Broker {
            services: Arc::new(services),
            connections: crate::serve::Connections::default(),
        })
    }
}

impl fmt::Debug for BrokerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerBuilder").field("directory", &self.directory).finish_non_exhaustive()
    }
}

fn open_lines(directory: Option<&Path>, name: &str) -> Result<JsonLines, BrokerError> {
    let Some(directory) = directory else {
        return Ok(JsonLines::in_memory());
    };
    let path = directory.join(name);
    let open = || -> io::Result<JsonLines> {
        std::fs::create_dir_all(directory)?;
        JsonLines::in_file(&path)
    };
    open().map_err(|source| BrokerError::Directory { path: path.clone(), source })
}
