//! A store in memory that fails when told to.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

#[derive(Debug, Default)]
pub(super) struct Faulty {
    store: InMemory,
    lost_answers: AtomicU32,
    refused_names: AtomicU32,
    refused_parts: Arc<AtomicU32>,
}

impl Faulty {
    /// The next references are written, and the writer hears that it failed.
    pub(super) fn lose_answers(&self, count: u32) {
        self.lost_answers.store(count, Ordering::SeqCst);
    }

    /// The next references are not written.
    pub(super) fn refuse_names(&self, count: u32) {
        self.refused_names.store(count, Ordering::SeqCst);
    }

    /// The next parts are not taken.
    pub(super) fn refuse_parts(&self, count: u32) {
        self.refused_parts.store(count, Ordering::SeqCst);
    }
}

/// Whether this is one of those that fail.
fn strikes(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

fn failure() -> Error {
    Error::Generic { store: "faulty", source: "the connection broke".into() }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a faulty store")
    }
}

impl ObjectStore for Faulty {
    fn put_opts<'s, 'l, 'f>(
        &'s self,
        location: &'l Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Pending<'f, PutResult>
    where
        's: 'f,
        'l: 'f,
    {
        Box::pin(async move {
            let is_name = location.as_ref().contains("/names/");
            if is_name && strikes(&self.refused_names) {
                return Err(failure());
            }
            let written = self.store.put_opts(location, payload, options).await?;
            if is_name && strikes(&self.lost_answers) {
                return Err(failure());
            }
            Ok(written)
        })
    }

    fn put_multipart_opts<'s, 'l, 'f>(
        &'s self,
        location: &'l Path,
        options: PutMultipartOptions,
    ) -> Pending<'f, Box<dyn MultipartUpload>>
    where
        's: 'f,
        'l: 'f,
    {
        Box::pin(async move {
            let upload = self.store.put_multipart_opts(location, options).await?;
            let refused = self.refused_parts.clone();
            Ok(Box::new(FaultyUpload { upload, refused }) as Box<dyn MultipartUpload>)
        })
    }

    fn get_opts<'s, 'l, 'f>(
        &'s self,
        location: &'l Path,
        options: GetOptions,
    ) -> Pending<'f, GetResult>
    where
        's: 'f,
        'l: 'f,
    {
        self.store.get_opts(location, options)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    fn list_with_delimiter<'s, 'l, 'f>(
        &'s self,
        prefix: Option<&'l Path>,
    ) -> Pending<'f, ListResult>
    where
        's: 'f,
        'l: 'f,
    {
        self.store.list_with_delimiter(prefix)
    }

    fn copy_opts<'s, 'l, 't, 'f>(
        &'s self,
        from: &'l Path,
        to: &'t Path,
        options: CopyOptions,
    ) -> Pending<'f, ()>
    where
        's: 'f,
        'l: 'f,
        't: 'f,
    {
        self.store.copy_opts(from, to, options)
    }
}

#[derive(Debug)]
struct FaultyUpload {
    upload: Box<dyn MultipartUpload>,
    refused: Arc<AtomicU32>,
}

impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, part: PutPayload) -> UploadPart {
        if strikes(&self.refused) {
            return Box::pin(std::future::ready(Err(failure())));
        }
        self.upload.put_part(part)
    }

    fn complete<'s, 'f>(&'s mut self) -> Pending<'f, PutResult>
    where
        's: 'f,
    {
        self.upload.complete()
    }

    fn abort<'s, 'f>(&'s mut self) -> Pending<'f, ()>
    where
        's: 'f,
    {
        self.upload.abort()
    }
}
