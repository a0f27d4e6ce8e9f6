//! What `manifest.json` declares, as types: early feedback for honest authors.
//!
//! [`#[oxg_sdk::plugin]`](macro@crate::plugin) implements these traits as the manifest allows, so
//! that using what is not declared does not compile. What stops a dishonest author is the broker.

/// What the manifest says, known to the compiler. Implemented by the macro only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no manifest",
    note = "put `#[oxg_sdk::plugin]` above `impl Plugin for {Self}`"
)]
pub trait Declared {
    /// The plugin's name.
    const NAME: &'static str;
    /// The plugin's version.
    const VERSION: &'static str;
    /// The whole manifest, as it stands in the file.
    const MANIFEST: &'static str;
    /// The keys of the declared capabilities.
    const CAPABILITIES: &'static [&'static str];

    /// The JSON Schema of the plugin's settings. There is one with the feature `schema` and a
    /// [`Config`](crate::Plugin::Config) that is `JsonSchema`.
    #[must_use]
    fn config_schema() -> Option<serde_json::Value> {
        None
    }
}

/// Outbound HTTP: [`Context::http`](crate::Context::http).
#[diagnostic::on_unimplemented(
    message = "manifest.json does not declare the `http` capability",
    label = "needs the `http` capability",
    note = "add to \"capabilities\" in the manifest.json of `{Self}`: \"http\": {{ \"outbound\": [\"broker\"] }}"
)]
pub trait DeclaresHttp: Declared {}

/// WebSockets: `Context::websocket`, with the feature `websocket`.
#[diagnostic::on_unimplemented(
    message = "manifest.json does not allow WebSockets",
    label = "needs `\"websocket\": true` in the `http` capability",
    note = "add to \"http\" in the manifest.json of `{Self}`: \"websocket\": true"
)]
pub trait DeclaresWebSocket: DeclaresHttp {}

/// Workspace and artifacts: [`Context::workspace`](crate::Context::workspace), [`Context::artifacts`](crate::Context::artifacts).
#[diagnostic::on_unimplemented(
    message = "manifest.json does not declare the `storage` capability",
    label = "needs the `storage` capability",
    note = "add to \"capabilities\" in the manifest.json of `{Self}`: \"storage\": {{ \"workspace\": true }}"
)]
pub trait DeclaresStorage: Declared {}

/// Secrets: [`Context::secrets`](crate::Context::secrets).
#[diagnostic::on_unimplemented(
    message = "manifest.json does not declare the `secrets` capability",
    label = "needs the `secrets` capability",
    note = "add to \"capabilities\" in the manifest.json of `{Self}`: \"secrets\": {{ \"broker\": true }}"
)]
pub trait DeclaresSecrets: Declared {}

/// Tasks: [`Context::tasks`](crate::Context::tasks). Declared unless the manifest says otherwise.
#[diagnostic::on_unimplemented(
    message = "manifest.json does not declare the `tasks` capability",
    label = "needs the `tasks` capability",
    note = "add to \"capabilities\" in the manifest.json of `{Self}`: \"tasks\": {{ \"pull\": true }}"
)]
pub trait DeclaresTasks: Declared {}

/// Findings: [`Context::emit`](crate::Context::emit). Declared unless the manifest says otherwise.
#[diagnostic::on_unimplemented(
    message = "manifest.json does not declare the `findings` capability",
    label = "needs the `findings` capability",
    note = "add to \"capabilities\" in the manifest.json of `{Self}`: \"findings\": {{ \"emit\": true }}"
)]
pub trait DeclaresFindings: Declared {}
