//! The broker, and how one is made.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oxg_manifest::Manifest;
use oxg_protocol::audit::AuditRecord;
use oxg_protocol::finding::FindingRecord;
use oxg_protocol::log::LogRecord;
use oxg_protocol::{Limits, SecretName};
use oxg_redact::Redactor;
use rustls::pki_types::CertificateDer;
use tokio::io::DuplexStream;

use crate::audit::Audit;
use crate::directory::DirectoryLock;
use crate::egress::{Dialer, Egress, Resolve, SystemResolver, Upstream, tls};
use crate::error::BrokerError;
use crate::findings::Findings;
use crate::intercept::Intercept;
use crate::jsonl::{JsonLines, Keep};
use crate::secrets::LeaseTimes;
use crate::serve::{Listener, Server};
use crate::services::Services;
use crate::session::SessionBuilder;
use crate::sessions::Sessions;
use crate::tasks::{DurableTasks, TaskStore};

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
    services: Arc<Services>,
    server: Server,
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

    /// Serves one connection without a socket and returns its other end.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn connect(&self) -> DuplexStream {
        self.server.connect()
    }

    /// Listens on a Unix socket that only this user can open: by its mode, and by the user id of
    /// each peer (`SO_PEERCRED`). A socket that nobody serves any more is replaced; no other file is.
    ///
    /// # Errors
    /// [`BrokerError::Listen`], also for a path of more than 107 bytes.
    ///
    /// # Panics
    /// Outside of a Tokio runtime with I/O enabled.
    pub fn listen_unix(&self, path: impl AsRef<Path>) -> Result<Listener, BrokerError> {
        self.server.listen_unix(path.as_ref())
    }

    /// Listens on a TCP port of loopback; port 0 takes any free one. Plain TCP is refused elsewhere.
    ///
    /// # Errors
    /// [`BrokerError::Listen`].
    pub async fn listen_tcp(&self, address: SocketAddr) -> Result<Listener, BrokerError> {
        self.server.listen_tcp(address).await
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

    /// Takes a secret away from every open session, with every lease on it, whatever its sources say.
    /// A session gets it back with [`Session::rotate_secret`](crate::Session::rotate_secret).
    pub fn revoke_secret(&self, name: &SecretName) {
        self.services.sessions.revoke_secret(name);
    }

    /// Breaks every connection now, whatever it is busy with, and serves new ones as before: what
    /// plugins see of a broker that is restarted and has forgotten nothing.
    pub fn disconnect(&self) {
        self.server.disconnect();
    }

    /// Asks every plugin to finish, then closes every connection: those that are busy get the
    /// grace period of [`GRACE`](crate::serve::GRACE).
    pub async fn shutdown(&self) {
        self.services.sessions.drain();
        self.server.shutdown().await;
        self.services.egress.upstream.close();
        for artifacts in self.services.open_artifacts() {
            artifacts.settle().await;
        }
        // The ends of WebSockets are recorded without an answer that could wait.
        let _ = self.services.audit.on_disk().await;
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
    tasks: Option<Arc<dyn TaskStore>>,
    secret_times: LeaseTimes,
    #[cfg(feature = "object-store")]
    objects: Option<crate::artifacts::ObjectArtifacts>,
    redactor: Redactor,
    roots: Vec<CertificateDer<'static>>,
    resolver: Option<Arc<dyn Resolve>>,
    upstream: Option<Arc<dyn Upstream>>,
    intercept: Option<Arc<dyn Intercept>>,
}

impl BrokerBuilder {
    /// Keeps `findings.jsonl`, `audit.jsonl`, `logs.jsonl`, `artifacts/` and `tasks.redb` in this
    /// directory, which is made if it is not there, and keeps other brokers out of it. Default:
    /// memory.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Other limits than the protocol's defaults.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeps tasks elsewhere than in `tasks.redb` of the directory. Where there is neither a store
    /// nor a directory, each session has tasks of its own, in memory.
    pub fn tasks(mut self, store: impl TaskStore) -> Self {
        self.tasks = Some(Arc::new(store));
        self
    }

    /// How long a secret is lent at a time, where its source does not say otherwise. At least 1 s, at
    /// most [`secret_max_ttl`](Self::secret_max_ttl). Default 5 min.
    pub fn secret_ttl(mut self, ttl: Duration) -> Self {
        self.secret_times.ttl = ttl;
        self
    }

    /// How far the renewals of a lease on a secret reach, from the first grant on; then its holder
    /// must ask for the secret again. Default 1 h.
    pub fn secret_max_ttl(mut self, max_ttl: Duration) -> Self {
        self.secret_times.max_ttl = max_ttl;
        self
    }

    /// Keeps artifacts in an object store instead of the directory, so that several brokers see the
    /// same.
    #[cfg(feature = "object-store")]
    pub fn object_artifacts(mut self, artifacts: crate::ObjectArtifacts) -> Self {
        self.objects = Some(artifacts);
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

    /// Trusts the certificate authorities in a PEM file as well as the web's.
    ///
    /// # Errors
    /// [`BrokerError::AuthorityFile`] if the file cannot be read or holds no certificate.
    pub fn ca_file(mut self, path: impl AsRef<Path>) -> Result<Self, BrokerError> {
        let path = path.as_ref();
        self.roots.extend(tls::read_authorities(path)?);
        Ok(self)
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

    /// Puts something between the connections and the broker that may fail calls on purpose.
    pub fn intercept(mut self, intercept: impl Intercept) -> Self {
        self.intercept = Some(Arc::new(intercept));
        self
    }

    /// Makes the broker.
    ///
    /// # Errors
    /// If the directory cannot be written or another broker uses it, or a root certificate cannot
    /// be used.
    pub fn build(self) -> Result<Broker, BrokerError> {
        let lock = self.directory.as_deref().map(DirectoryLock::take).transpose()?;
        let lines = |name: &str, keep| open_lines(self.directory.as_deref(), name, keep);
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
            audit: Arc::new(Audit::new(
                lines("audit.jsonl", Keep::FromPowerLoss)?,
                self.redactor.clone(),
            )),
            findings: Findings::new(
                lines("findings.jsonl", Keep::FromPowerLoss)?,
                self.redactor.clone(),
            )?,
            logs: lines("logs.jsonl", Keep::FromProcess)?,
            redactor: self.redactor.clone(),
            egress,
            intercept: self.intercept,
            secret_times: self.secret_times,
            tasks: match (self.tasks, &self.directory) {
                (None, Some(directory)) => {
                    Some(Arc::new(DurableTasks::open(&directory.join("tasks.redb"))?))
                }
                (store, _) => store,
            },
            artifacts: Mutex::default(),
            #[cfg(feature = "object-store")]
            objects: self.objects,
            directory: self.directory.clone(),
            _lock: lock,
        };
        let services = Arc::new(services);
        Ok(Broker { server: Server::new(services.clone()), services })
    }
}

impl fmt::Debug for BrokerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerBuilder").field("directory", &self.directory).finish_non_exhaustive()
    }
}

fn open_lines(directory: Option<&Path>, name: &str, keep: Keep) -> Result<JsonLines, BrokerError> {
    let Some(directory) = directory else {
        return Ok(JsonLines::in_memory());
    };
    let path = directory.join(name);
    let open = || -> io::Result<JsonLines> {
        std::fs::create_dir_all(directory)?;
        JsonLines::in_file(&path, keep)
    };
    open().map_err(|source| BrokerError::Directory { path: path.clone(), source })
}
