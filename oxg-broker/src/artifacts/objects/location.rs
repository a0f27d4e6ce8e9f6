use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    ClientConfigKey, Error, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload, RetryConfig,
    UpdateVersion,
};
use oxg_protocol::ErrorCode;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use url::Url;

use super::error::ObjectStoreError;
use super::store::PluginObjects;
use crate::artifacts::store::Quota;
use crate::error::{Refusal, refuse};
use crate::random;

/// How long the first conversation with a store may take.
const PROBE: Duration = Duration::from_secs(30);
/// One request with its answer, large parts included; and how long it may be silent.
const REQUEST: &str = "600 seconds";
const SILENCE: &str = "30 seconds";

/// A place in an object store where brokers keep artifacts together: Amazon S3 and what speaks its
/// protocol, Google Cloud Storage, Azure Blob Storage, or this process's memory.
///
/// Settings and credentials come from the environment of the broker alone (`AWS_*`, `GOOGLE_*`,
/// `AZURE_*`). See [`BrokerBuilder::object_artifacts`](crate::BrokerBuilder::object_artifacts).
#[derive(Debug, Clone)]
pub struct ObjectArtifacts {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) root: Path,
}

impl ObjectArtifacts {
    /// Goes to `location`: `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`, `az://CONTAINER/PREFIX` or
    /// `memory://`. The store must write only under conditions when told so: that is tried, with a
    /// small object under the prefix.
    ///
    /// # Errors
    /// [`ObjectStoreError`], which says what to do.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use oxg_broker::{Broker, ObjectArtifacts};
    ///
    /// let artifacts = ObjectArtifacts::connect("memory://").await?;
    /// let broker = Broker::builder().object_artifacts(artifacts).build()?;
    /// # drop(broker);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn connect(location: &str) -> Result<Self, ObjectStoreError> {
        let invalid = |problem: String| {
            // Not with what may be a password in it.
            let location = location.split_once('@').map_or(location, |_| "a URL with `@`");
            ObjectStoreError::Location { location: location.to_owned(), problem }
        };
        let url = Url::parse(location).map_err(|error| invalid(error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            let problem = "credentials come from the broker's environment, never from a URL";
            return Err(invalid(problem.to_owned()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("it has a query or a fragment".to_owned()));
        }
        let root = Path::from_url_path(url.path()).map_err(|error| invalid(error.to_string()))?;
        let needs_bucket = url.scheme() != "memory";
        if needs_bucket && url.host_str().is_none_or(str::is_empty) {
            return Err(invalid("it names no bucket".to_owned()));
        }
        let opened = open(&url).ok_or_else(|| invalid("the scheme is not known".to_owned()))?;
        let store = opened
            .map_err(|source| ObjectStoreError::Settings { place: location.to_owned(), source })?;
        let artifacts = Self { store, root };
        match timeout(PROBE, artifacts.probe(location)).await {
            Ok(result) => result?,
            Err(_) => {
                let (place, seconds) = (location.to_owned(), PROBE.as_secs());
                return Err(ObjectStoreError::Silent { place, seconds });
            }
        }
        Ok(artifacts)
    }

    /// The artifacts of one plugin. `writing` tracks what goes on after a call has ended.
    pub(crate) fn of_plugin(
        &self,
        plugin: &str,
        quota: Quota,
        writing: TaskTracker,
    ) -> PluginObjects {
        PluginObjects::new(self.store.clone(), self.root.clone().join(plugin), quota, writing)
    }

    /// Makes sure that the store takes objects and honours conditions.
    pub(super) async fn probe(&self, place: &str) -> Result<(), ObjectStoreError> {
        let failed = |error| ObjectStoreError::of(place, error);
        let ignored = || ObjectStoreError::NoConditionalWrites { place: place.to_owned() };
        let random = random::hex::<8>().map_err(|error| {
            failed(Error::Generic { store: "random", source: error.to_string().into() })
        })?;
        let key = self.root.clone().join("probe").join(random);
        let put = |text: &'static str, mode: PutMode| {
            let key = key.clone();
            async move { self.store.put_opts(&key, PutPayload::from(text), mode.into()).await }
        };
        let first: UpdateVersion = put("1", PutMode::Create).await.map_err(failed)?.into();
        let conditional = async {
            match put("2", PutMode::Create).await {
                Err(Error::AlreadyExists { .. }) => {}
                Ok(_) => return Err(ignored()),
                Err(error) => return Err(failed(error)),
            }
            put("3", PutMode::Update(first.clone())).await.map_err(failed)?;
            match put("4", PutMode::Update(first)).await {
                Err(Error::Precondition { .. }) => Ok(()),
                Ok(_) => Err(ignored()),
                Err(error) => Err(failed(error)),
            }
        };
        let result = conditional.await;
        let removed = self.store.delete(&key).await.map_err(failed);
        result.and(removed)
    }
}

/// The client for the scheme of `url`; `None` where there is none.
fn open(url: &Url) -> Option<Result<Arc<dyn ObjectStore>, Error>> {
    // One in the process is enough; another part of it may have chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let retry = RetryConfig {
        max_retries: 4,
        retry_timeout: Duration::from_secs(20),
        ..RetryConfig::default()
    };
    let (request, silence) = (ClientConfigKey::Timeout, ClientConfigKey::ReadTimeout);
    let store = match url.scheme() {
        "memory" => Ok(Arc::new(InMemory::new()) as Arc<dyn ObjectStore>),
        "s3" => AmazonS3Builder::from_env()
            .with_url(url.as_str())
            .with_retry(retry)
            .with_config(AmazonS3ConfigKey::Client(request), REQUEST)
            .with_config(AmazonS3ConfigKey::Client(silence), SILENCE)
            .build()
            .map(|store| Arc::new(store) as _),
        "gs" => GoogleCloudStorageBuilder::from_env()
            .with_url(url.as_str())
            .with_retry(retry)
            .with_config(GoogleConfigKey::Client(request), REQUEST)
            .with_config(GoogleConfigKey::Client(silence), SILENCE)
            .build()
            .map(|store| Arc::new(store) as _),
        "az" => MicrosoftAzureBuilder::from_env()
            .with_url(url.as_str())
            .with_retry(retry)
            .with_config(AzureConfigKey::Client(request), REQUEST)
            .with_config(AzureConfigKey::Client(silence), SILENCE)
            .build()
            .map(|store| Arc::new(store) as _),
        _ => return None,
    };
    Some(store)
}

/// The longest key that all of the stores take, in bytes.
const LONGEST_KEY: usize = 1024;

/// A key that was built from names, if the stores take it.
pub(super) fn key(directory: &Path, name: &str) -> Result<Path, Refusal> {
    let text = format!("{directory}/{name}");
    if text.len() > LONGEST_KEY {
        let most = LONGEST_KEY.saturating_sub(directory.as_ref().len() + 1);
        let detail = format!("the broker's artifact store takes names of at most {most} bytes");
        return Err(refuse(ErrorCode::InvalidRequest, detail));
    }
    Path::parse(text).map_err(|_| {
        refuse(ErrorCode::InvalidRequest, "the broker's artifact store does not take the name")
    })
}
