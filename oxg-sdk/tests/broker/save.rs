//! Answers kept in the workspace.

use std::os::unix::fs::symlink;

use oxg_sdk::channel::{Body, BrokerChannel};
use oxg_sdk::clients::http::{HttpClient, HttpError};
use oxg_sdk::http::Response;
use oxg_sdk::workspace::{Workspace, WorkspaceError};

use crate::fake::{FakeBroker, reply};

struct Place {
    root: tempfile::TempDir,
    workspace: Workspace,
    http: HttpClient,
}

impl Place {
    /// A workspace, and a target whose every page has 100 bytes.
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(root.path()).unwrap();
        let broker = FakeBroker::new(|_| Some(reply(200, vec![b'x'; 100])));
        Self { root, workspace, http: HttpClient::new(broker.channel()) }
    }

    async fn save(&self, name: &str, limit: u64) -> Result<u64, HttpError> {
        let page = self.http.get("http://shop.test/").send().await.unwrap();
        page.save(&self.workspace, name, limit).await
    }

    fn files(&self, folder: &str) -> usize {
        std::fs::read_dir(self.root.path().join(folder)).unwrap().count()
    }
}

#[tokio::test]
async fn an_answer_at_the_limit_is_kept_and_one_byte_more_leaves_nothing() {
    let place = Place::new();
    assert_eq!(place.save("a/b.html", 100).await.unwrap(), 100);
    assert_eq!(place.workspace.read("a/b.html", 100).unwrap(), [b'x'; 100]);
    let error = place.save("a/b.html", 99).await.unwrap_err();
    assert!(matches!(error, HttpError::TooLarge { limit: 99 }), "{error:?}");
    assert_eq!(place.workspace.read("a/b.html", 100).unwrap().len(), 100, "the old one stays");
    assert_eq!(place.files("a"), 1);
}

#[tokio::test]
async fn a_stream_past_the_limit_leaves_nothing_either() {
    let place = Place::new();
    let channel = BrokerChannel::from_service(tower::service_fn(|_| {
        let pieces = futures_util::stream::iter((0..3).map(|_| Ok::<_, std::io::Error>("1234")));
        std::future::ready(Ok(Response::new(Body::from_stream(pieces))))
    }));
    let page = HttpClient::new(channel).get("http://shop.test/").send().await.unwrap();
    let error = page.save(&place.workspace, "page", 11).await.unwrap_err();
    assert!(matches!(error, HttpError::TooLarge { limit: 11 }), "{error:?}");
    assert_eq!(place.files("."), 0);
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_is_refused() {
    let place = Place::new();
    for name in ["../c", "/c", "a/../../c", ""] {
        let error = place.save(name, 100).await.unwrap_err();
        let refused = matches!(error, HttpError::Workspace(WorkspaceError::Name(_)));
        assert!(refused, "{name:?}: {error:?}");
    }
    assert_eq!(place.files("."), 0);
}

#[tokio::test]
async fn no_link_is_followed_and_none_is_replaced() {
    let place = Place::new();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("file"), "old").unwrap();
    symlink(&outside, place.root.path().join("out")).unwrap();
    symlink(outside.path().join("file"), place.root.path().join("link")).unwrap();
    for name in ["out/file", "out/deep/x", "link"] {
        let error = place.save(name, 100).await.unwrap_err();
        let refused = matches!(error, HttpError::Workspace(WorkspaceError::File { .. }));
        assert!(refused, "{name}: {error:?}");
    }
    assert_eq!(std::fs::read(outside.path().join("file")).unwrap(), b"old");
    assert_eq!((std::fs::read_dir(&outside).unwrap().count(), place.files(".")), (1, 2));
}
