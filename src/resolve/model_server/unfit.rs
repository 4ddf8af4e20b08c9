//! What a runtime cannot take, or would not look at.

use super::super::Completion;
use super::super::weights::mounts_images;
use crate::diagnostic::{code, listed};
use crate::document::{Finding, Path, at};
use crate::model::Image;
use crate::runtime::Server;
use crate::spec::{Component, Model, ModelFormat, ModelSource};

pub(super) fn report(
    key: &str,
    component: &Component,
    model: &Model,
    server: &dyn Server,
    cx: &mut Completion<'_, '_>,
) {
    let path = at!["components", key, "model"];
    cx.findings.push_all(
        [
            source(&path, model, server),
            revision(key, &path, model, server, !mounts_images(cx.target)),
            format(&path, model, server),
            several_nodes(key, component, server),
            maintenance(key, server),
        ]
        .into_iter()
        .flatten(),
    );
    if server.folder(&model.name).is_some() {
        let unused = unused(model, server, mounts_images(cx.target));
        cx.findings.push_all(unused.into_iter().map(|(field, why)| no_effect(&path, field, why)));
    }
}

fn source(path: &Path, model: &Model, server: &dyn Server) -> Option<Finding> {
    if server.accepts(&model.source) {
        return None;
    }
    let takes = match (&model.source, model.source.file()) {
        (ModelSource::Hub { file: None, .. }, _) => "it does not speak to the Hugging Face hub",
        (_, Some(_)) => "it reads a folder of files, and this is the path of one",
        _ => "it reads one file, and this is a folder",
    };
    Some(
        Finding::error(
            code::MODEL_SOURCE,
            path.join("source"),
            format!("{} cannot take weights from there", server.title()),
        )
        .label("not a source of this runtime")
        .reason(takes)
        .help("name another source, or another `runtime`"),
    )
}

fn revision(key: &str, path: &Path, model: &Model, server: &dyn Server, unpacked: bool) -> Option<Finding> {
    let Some(revision) = &model.revision else { return not_pinned(key, model, server, unpacked) };
    let pulled = server.pull(&model.source, None, "").is_some();
    if model.source.file().is_some() && !pulled && !matches!(model.source, ModelSource::Hub { .. }) {
        return Some(
            Finding::error(code::MODEL_REVISION, path.join("revision"), "a single file has no revision beside it")
                .label("would have no effect")
                .also(path.join("source"), "names the file")
                .help("write the revision into the path of the file"),
        );
    }
    let is_folder = !matches!(model.source, ModelSource::Hub { .. } | ModelSource::Image(_)) && !pulled;
    if is_folder && revision.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Some(
            Finding::error(
                code::MODEL_REVISION,
                path.join("revision"),
                format!("`{}` does not name a folder of the source", &**revision),
            )
            .label("leads elsewhere")
            .help("write the name of a folder below the source, such as `v7`"),
        );
    }
    if let ModelSource::Image(reference) = &model.source
        && reference.rsplit('/').next().is_some_and(|name| name.contains([':', '@']))
    {
        return Some(
            Finding::error(code::MODEL_REVISION, path.join("revision"), "the image has a tag or digest already")
                .label("a second one")
                .also(path.join("source"), "has one")
                .help("take one of the two away"),
        );
    }
    let right = server.check_revision(revision).err()?;
    Some(
        Finding::error(
            code::MODEL_REVISION,
            path.join("revision"),
            format!("`{}` is not a revision for {}", &**revision, server.title()),
        )
        .label(format!("must be {right}"))
        .reason("the server serves folders of a model by their number, and leaves the others alone")
        .help(format!("write {right}, and keep the weights in a folder of that name")),
    )
}

fn is_floating(reference: &str) -> bool {
    Image::parse(reference).is_ok_and(|image| image.is_floating())
}

/// What comes from elsewhere may be another at the next start.
fn not_pinned(key: &str, model: &Model, server: &dyn Server, unpacked: bool) -> Option<Finding> {
    let numbered = server.check_revision("v").is_err();
    let (label, help) = match &model.source {
        ModelSource::ObjectStore { .. } if server.folder(&model.name).is_none() || model.source.file().is_some() => {
            return None;
        }
        ModelSource::ObjectStore { .. } if numbered => {
            ("all revisions are downloaded, and the highest is served", "write `revision:`, such as `revision: \"7\"`")
        }
        ModelSource::ObjectStore { .. } => {
            ("whatever lies there is served", "keep each version in a folder, and write its name as `revision:`")
        }
        ModelSource::Hub { file: None, .. } => ("the newest is served", "write `revision:`, best a commit"),
        // One that is mounted is judged like every image.
        ModelSource::Image(reference) if unpacked && is_floating(reference) => {
            ("whatever the registry has is served", "write its tag or digest as `revision:`")
        }
        _ => return None,
    };
    Some(
        Finding::warning(
            code::MODEL_NOT_PINNED,
            at!["components", key, "model"],
            format!("`{key}` does not say which revision it serves"),
        )
        .label(label)
        .on_key()
        .reason("a pod that starts later may find a newer one, and no commit says so")
        .help(help),
    )
}

fn format(path: &Path, model: &Model, server: &dyn Server) -> Option<Finding> {
    let format = model.format.filter(|format| !server.formats().contains(format))?;
    let known = listed(server.formats().iter().copied().map(ModelFormat::text));
    Some(
        Finding::error(code::MODEL_FORMAT, path.join("format"), format!("{} does not read `{format}`", server.title()))
            .label("not a format of this runtime")
            .help(format!("it reads {known}")),
    )
}

fn several_nodes(key: &str, component: &Component, server: &dyn Server) -> Option<Finding> {
    if super::nodes(component) < 2 || server.spans_nodes() {
        return None;
    }
    Some(
        Finding::error(
            code::GPU_NODES,
            at!["components", key, "gpu", "nodes"],
            format!("{} serves a model from one node", server.title()),
        )
        .label("several nodes")
        .help("take `nodes` away, or use `vllm` or `sglang`, which split a model over nodes"),
    )
}

fn maintenance(key: &str, server: &dyn Server) -> Option<Finding> {
    let successor = server.successor()?;
    Some(
        Finding::warning(
            code::RUNTIME_MAINTAINED,
            at!["components", key, "runtime"],
            format!("{} is in maintenance mode", server.title()),
        )
        .label("gets fixes, and no new models")
        .help(format!("use {successor}")),
    )
}

/// Fields that are written and would change nothing, with the reason.
fn unused(model: &Model, server: &dyn Server, mounts_images: bool) -> Vec<(&'static str, &'static str)> {
    use ModelSource::{Hub, Image, ObjectStore, Web};
    let source = &model.source;
    let pulled = server.pull(source, None, "").is_some();
    let fetched =
        matches!(source, ObjectStore { .. } | Hub { .. } | Web(_)) || matches!(source, Image(_)) && !mounts_images;
    let opened = matches!(source, ObjectStore { .. } | Hub { .. } | Web(_) | Image(_)) && !pulled;
    let addressed = matches!(source, ObjectStore { .. } | Hub { .. }) && !pulled;
    let fields = [
        ("cache", model.cache.is_some() && !fetched, "nothing is fetched that could be kept"),
        ("credentials", model.credentials.is_some() && !opened, "nothing is fetched that asks for them"),
        ("endpoint", model.endpoint.is_some() && !addressed, "only an object store and the hub have one"),
        ("region", model.region.is_some() && !matches!(source, ObjectStore { .. }), "only an object store has one"),
        ("context", model.context.is_some() && !server.takes_context(), "the runtime cannot be told"),
        (
            "servedName",
            model.served_name.is_some() && !server.renames(),
            "the runtime serves a model under the name of its folder",
        ),
    ];
    fields.into_iter().filter(|(_, unused, _)| *unused).map(|(field, _, why)| (field, why)).collect()
}

fn no_effect(path: &Path, field: &str, why: &str) -> Finding {
    Finding::error(code::MODEL_FIELD, path.join(field), format!("`{field}` has no effect here"))
        .label("would change nothing")
        .on_key()
        .reason(why)
        .help("take it away")
}
