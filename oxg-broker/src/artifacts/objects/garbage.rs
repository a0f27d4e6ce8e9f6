//! Bytes that no name stands for: left by brokers that ended in the middle of something.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use object_store::{Error, ObjectMeta, ObjectStoreExt as _, PutMode, PutPayload, UpdateVersion};

use super::reference::read;
use super::store::Shared;
use crate::random;

/// How old bytes without a name are garbage. An upload takes at most half as long, and stores may
/// date an object from the beginning of its upload.
pub(super) const GRACE: Duration = Duration::from_secs(24 * 3600);
/// How often all the brokers of a fleet together collect, and how often one asks whether it is time.
const INTERVAL: Duration = Duration::from_secs(24 * 3600);
const ASK: Duration = Duration::from_secs(3600);
/// How many references are read at a time.
const READS: usize = 16;

/// Collects now and then. What fails is tried again the next time.
pub(super) async fn collect_forever(shared: Arc<Shared>) {
    loop {
        let _ = collect_if_due(&shared).await;
        tokio::time::sleep(ASK).await;
    }
}

async fn collect_if_due(shared: &Shared) -> Result<(), Error> {
    let now = stores_clock(shared).await?;
    let marker = shared.root.clone().join("collected");
    let mode = match shared.store.head(&marker).await {
        Ok(last) if older(&now, &last, INTERVAL) => {
            PutMode::Update(UpdateVersion { e_tag: last.e_tag, version: last.version })
        }
        Ok(_) => return Ok(()),
        Err(Error::NotFound { .. }) => PutMode::Create,
        Err(error) => return Err(error),
    };
    // Of several brokers one gets through. The content differs, so that each version does.
    let content = PutPayload::from(random()?);
    match shared.store.put_opts(&marker, content, mode.into()).await {
        Ok(_) => collect(shared, &now, GRACE).await.map(drop),
        Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes bytes that are older than `grace` and have no name; says how many.
pub(super) async fn collect(
    shared: &Shared,
    now: &ObjectMeta,
    grace: Duration,
) -> Result<usize, Error> {
    // Bytes first, names second: a name that is given in between is for younger bytes.
    let mut nameless: HashSet<String> = shared
        .store
        .list(Some(shared.blobs()))
        .try_filter(|blob| std::future::ready(older(now, blob, grace)))
        .try_filter_map(|blob| std::future::ready(Ok(blob.location.filename().map(str::to_owned))))
        .try_collect()
        .await?;
    if nameless.is_empty() {
        return Ok(0);
    }
    let mut named = std::pin::pin!(
        shared
            .store
            .list(Some(shared.names()))
            .try_filter(|reference| std::future::ready(reference.size > 0))
            .map_ok(|reference| async move { read(&shared.store, &reference.location).await })
            .try_buffer_unordered(READS)
    );
    while let Some(seen) = named.try_next().await? {
        if let Some(reference) = seen.reference {
            nameless.remove(&reference.blob);
        }
    }
    for id in &nameless {
        shared.store.delete(&shared.blob(id)).await?;
    }
    Ok(nameless.len())
}

/// An object that the store has dated just now: the clocks of brokers may be wrong.
pub(super) async fn stores_clock(shared: &Shared) -> Result<ObjectMeta, Error> {
    let key = shared.root.clone().join("clock").join(random()?);
    shared.store.put(&key, PutPayload::from_static(b"-")).await?;
    let now = shared.store.head(&key).await;
    shared.store.delete(&key).await?;
    now
}

fn older(now: &ObjectMeta, then: &ObjectMeta, age: Duration) -> bool {
    (now.last_modified - then.last_modified).to_std().is_ok_and(|passed| passed >= age)
}

fn random() -> Result<String, Error> {
    random::hex::<16>()
        .map_err(|error| Error::Generic { store: "random", source: error.to_string().into() })
}
