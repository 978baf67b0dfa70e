//! A store in a bucket that speaks S3.
//!
//! An object appears whole or not at all, and is put only where none of its name is (`If-None-Match: *`). Servers that do not know
//! that condition get a plain put: the name holds a hash of the contents, so that what is overwritten is the same.

use super::place::{Item, Place};
use crate::{Error, Result};
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutPayload, RetryConfig};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_stream::StreamExt as _;

/// Requests under way at once while lines are read: each waits for the network most of its time.
const AT_ONCE: usize = 32;
/// An answer that has not come by then will not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A bucket, and the prefix of all names in it.
pub(super) struct Object {
    name: String,
    prefix: Path,
    bucket: Arc<dyn ObjectStore>,
    runtime: Runtime,
}

impl Object {
    /// Opens `s3://BUCKET/PREFIX`. Keys, region and endpoint come from the environment, by the names all S3 clients use.
    pub(super) fn new(name: &str) -> Result<Object> {
        let no_store = |why: String| Error::NoStore { name: name.into(), why };
        let place = name.strip_prefix("s3://").unwrap_or_default();
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() {
            return Err(no_store("name a bucket: s3://BUCKET/PREFIX".into()));
        }
        let retry =
            RetryConfig { max_retries: 5, retry_timeout: PATIENCE, ..RetryConfig::default() };
        let built = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry).build();
        let bucket: Arc<dyn ObjectStore> = Arc::new(built.map_err(|e| no_store(e.to_string()))?);
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| no_store(format!("no event loop can be made: {e}")))?;
        let prefix = Path::parse(prefix).map_err(|e| no_store(e.to_string()))?;
        Ok(Object { name: name.trim_end_matches('/').into(), prefix, bucket, runtime })
    }

    fn path(&self, name: &str) -> Path {
        name.split('/').filter(|part| !part.is_empty()).fold(self.prefix.clone(), Path::join)
    }

    fn refused(&self, verb: &str, name: &str, error: &object_store::Error) -> Error {
        // A refused listing comes without a kind of its own.
        let is_key = matches!(
            error,
            object_store::Error::PermissionDenied { .. }
                | object_store::Error::Unauthenticated { .. }
        ) || error.to_string().contains("403 Forbidden");
        let advice = match is_key {
            true => "; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must allow it",
            false => {
                "; the bucket must be there, and AWS_REGION and AWS_ENDPOINT name its server (without TLS: AWS_ALLOW_HTTP=true)"
            }
        };
        let (store, verb) = (self.name.clone(), format!("{verb} {name}"));
        Error::Refused { store, verb, what: format!("{error}{advice}") }
    }

    /// Puts one object; true when one of its name was there.
    async fn put_one(&self, item: &Item<'_>) -> object_store::Result<bool> {
        let path = self.path(&item.name);
        let payload = || PutPayload::from(item.bytes.to_vec());
        if !item.replace {
            match self.bucket.put_opts(&path, payload(), PutMode::Create.into()).await {
                Ok(_) => return Ok(false),
                Err(object_store::Error::AlreadyExists { .. }) => return Ok(true),
                Err(
                    object_store::Error::NotImplemented { .. }
                    | object_store::Error::NotSupported { .. },
                ) => {}
                Err(e) => return Err(e),
            }
        }
        let was_there = self.bucket.head(&path).await.is_ok();
        self.bucket.put(&path, payload()).await.map(|_| was_there)
    }

    async fn names(&self, folder: &str) -> object_store::Result<Vec<String>> {
        let mut listed = self.bucket.list(Some(&self.path(folder)));
        let mut names = Vec::new();
        while let Some(object) = listed.next().await {
            let path = object?.location;
            let below = path.prefix_match(&self.prefix).into_iter().flatten();
            let parts: Vec<String> = below.map(|part| part.as_ref().to_owned()).collect();
            names.push(parts.join("/"));
        }
        names.sort_unstable();
        Ok(names)
    }

    async fn read_all(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut reads = JoinSet::new();
        for (at, name) in names.iter().enumerate() {
            let (bucket, path, turns) = (self.bucket.clone(), self.path(name), turns.clone());
            reads.spawn(async move {
                let _turn = turns.acquire().await;
                let read = async { bucket.get(&path).await?.bytes().await };
                (at, read.await)
            });
        }
        let mut found = vec![None; names.len()];
        while let Some(read) = reads.join_next().await {
            let (at, bytes) = read.expect("a request does not panic");
            match bytes {
                Ok(bytes) => found[at] = Some(bytes.to_vec()),
                Err(object_store::Error::NotFound { .. }) => {}
                Err(e) => return Err(self.refused("read", &names[at], &e)),
            }
        }
        Ok(found)
    }
}

impl Place for Object {
    fn put(&self, files: &[Item<'_>]) -> Result<Vec<bool>> {
        let put = |item: &Item<'_>| {
            self.runtime
                .block_on(self.put_one(item))
                .map_err(|e| self.refused("write", &item.name, &e))
        };
        files.iter().map(put).collect()
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        let names = self.runtime.block_on(self.names(folder));
        names.map_err(|e| self.refused("list", folder, &e))
    }

    fn read(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        self.runtime.block_on(self.read_all(names))
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}
