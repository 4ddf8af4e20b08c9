//! Delivery: what brings the output from Git to the cluster, and keeps it there.

use super::text::{Checked, refuse, text};
use super::{DigestText, DnsLabel, DnsName, Duration, Text, record, words};
use crate::diagnostic::code;
use crate::document::shape::Refusal;

record! {
    /// What brings the output from its repository to the cluster, and keeps it there.
    pub struct Delivery as "delivery" {
        /// An Application of Argo CD, and its AppProject.
        opt argocd "argocd": ArgoCd,
        /// A source of Flux, and its Kustomizations.
        opt flux "flux": Flux,
    }
    forms ["argocd", "flux"]
}

record! {
    /// An Application of Argo CD.
    pub struct ArgoCd as "Argo CD" {
        /// The repository that holds the output.
        req repository "repository": RepositoryUrl,
        /// The folder of the output there; that of `output` unless written.
        opt path "path": FolderPath,
        /// The branch, tag or commit; the default branch unless written.
        opt revision "revision": Revision,
        /// The project: its name, and it is emitted with the rights that the output needs; `default` is not emitted.
        opt project "project": ArgoProject,
        /// The name of the Application; `<system>-<environment>` unless written.
        opt name "name": DnsName,
        /// The address of the cluster; the one that Argo CD runs in unless written.
        opt server "server": ServerUrl,
        /// The name of the cluster in Argo CD, in the place of its address.
        opt cluster "cluster": Text,
        /// The namespace of Argo CD: `argocd` unless written.
        opt namespace "namespace": DnsLabel,
        /// What Argo CD does by itself.
        opt sync "sync": ArgoSync,
        /// `true`: one ApplicationSet for all environments that say so, in the place of an Application for each.
        opt set "set": bool,
    }
    exclusive [["server", "cluster"]]
}

record! {
    /// A project of Argo CD.
    pub struct ArgoProject as "Argo CD project" {
        /// A project that is emitted under this name; `default` is not.
        opt name "name": DnsName,
        /// A project that somebody else keeps.
        opt existing "existing": DnsName,
    }
    forms ["name", "existing"]
    short "name"
}

record! {
    /// What Argo CD does by itself.
    pub struct ArgoSync as "sync" {
        /// Sync at every change: `true` unless written.
        opt auto "auto": bool,
        /// Remove what is no longer in Git: `true` unless written.
        opt prune "prune": bool,
        /// Undo what was changed in the cluster: `true` unless written.
        opt self_heal "selfHeal": bool,
    }
}

record! {
    /// A source of Flux, and its Kustomizations.
    pub struct Flux as "Flux" {
        /// What the output lies in.
        req source "source": FluxSource,
        /// The address of the repository.
        req url "url": RepositoryUrl,
        /// The branch to follow (`git`).
        opt branch "branch": Revision,
        /// The tag to follow.
        opt tag "tag": Revision,
        /// The range of versions of which the newest is taken.
        opt semver "semver": Text,
        /// The one commit to take (`git`).
        opt commit "commit": FullCommit,
        /// The one digest to take (`oci`).
        opt digest "digest": DigestText,
        /// The folder of the output there; that of `output` unless written, and the root of an artifact (`oci`).
        opt path "path": FolderPath,
        /// How often Flux looks at the source and at the cluster: 10m unless written.
        opt interval "interval": Duration,
        /// Remove what is no longer in the source: `true` unless written.
        opt prune "prune": bool,
        /// The name of the objects; `<system>-<environment>` unless written.
        opt name "name": DnsLabel,
        /// The namespace of the source and the Kustomizations: `flux-system` unless written.
        opt namespace "namespace": DnsLabel,
        /// The Secret in that namespace with the login to the repository.
        opt secret_ref "secretRef": DnsName,
        /// The account in that namespace in whose name the objects are applied.
        opt service_account "serviceAccount": DnsName,
        /// The Secret in that namespace with the keys that open what SOPS encrypted.
        opt decryption "decryption": DnsName,
    }
    exclusive [["branch", "tag", "semver", "commit", "digest"]]
}

words! {
    /// What the output lies in.
    pub enum FluxSource {
        /// A Git repository: GitRepository.
        Git = "git",
        /// An artifact in a registry: OCIRepository.
        Oci = "oci",
    }
}

text! {
    /// The address of a repository, without any login.
    RepositoryUrl { "the address of a repository", "https://git.example.com/deploy.git", repository_url, None }
    /// A folder, from the root of the repository.
    FolderPath { "a folder of the repository", "rendered/production", folder_path, Some("^[^/.\\s][^\\s]*$") }
    /// A branch, a tag or a commit.
    Revision { "a branch, tag or commit", "main", revision, Some("^[^\\s~^:?*\\[\\\\]+$") }
    /// The address of an API server.
    ServerUrl { "the address of an API server", "https://10.0.0.1:6443", server_url, Some("^https://[^\\s/]+$") }
    /// A commit by its whole hash.
    FullCommit { "the hash of a commit", "4f1c9d0b5e3a7c2f8d6b1a0e9c8f7d6b5a4e3c2d", commit, Some("^[0-9a-f]{40}([0-9a-f]{24})?$") }
}

/// Schemes that Argo CD, Flux or Git itself know.
const SCHEMES: &[&str] = &["https://", "http://", "ssh://", "oci://"];

fn repository_url(text: &str) -> Checked {
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return refuse(
            code::DELIVERY_URL,
            format!("`{}` is not the address of a repository", text.trim()),
            "write it as `git clone` takes it, such as `https://git.example.com/deploy.git`",
        );
    }
    let Some(rest) = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)) else {
        return scp_form(text);
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let is_open = |login: &str| login.contains(':') || !text.starts_with("ssh://");
    if let Some((login, host)) = authority.rsplit_once('@').filter(|(login, _)| is_open(login)) {
        return Err(with_login(text, login, host));
    }
    if authority.is_empty() || !rest.contains('/') || rest.ends_with('/') {
        let help = "write the scheme, the host and the path, without a slash at the end";
        let refusal = Refusal::new(code::DELIVERY_URL, format!("`{text}` does not name a repository"), help);
        let trimmed = text.trim_end_matches('/');
        let is_whole = trimmed != text && trimmed.matches('/').count() > 2;
        return Err(if is_whole { refusal.instead(trimmed, true) } else { refusal });
    }
    Ok(())
}

/// `git@host:path`; else most likely an address without its scheme.
fn scp_form(text: &str) -> Checked {
    let is_scp = text.split_once('@').is_some_and(|(user, rest)| {
        let (host, path) = rest.split_once(':').unwrap_or_default();
        !user.is_empty() && !user.contains(['/', ':']) && !host.is_empty() && !path.is_empty()
    });
    if is_scp {
        return Ok(());
    }
    let refusal = Refusal::new(
        code::DELIVERY_URL,
        format!("`{text}` is not the address of a repository"),
        "start with `https://`, `ssh://` or `oci://`, or write `git@host:path`",
    )
    .reason("Argo CD and Flux fetch it from inside the cluster, where there is no folder of yours");
    let is_host = text.split_once('/').is_some_and(|(host, path)| super::text::host(host).is_ok() && !path.is_empty());
    Err(if is_host { refusal.instead(format!("https://{text}"), false) } else { refusal })
}

fn with_login(text: &str, login: &str, host: &str) -> Refusal {
    let without = text.replacen(&format!("{login}@{host}"), host, 1);
    Refusal::new(
        code::DELIVERY_LOGIN,
        "the address of the repository holds a login",
        "take it out of the address; Argo CD has it in a Secret of type `repository`, Flux in that of `secretRef`",
    )
    .reason("the address goes into Git and into an object that many may read")
    .instead(without, false)
}

fn folder_path(text: &str) -> Checked {
    let parts = || text.split('/');
    if !text.is_empty()
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\')
        && parts().all(|part| !matches!(part, "" | "." | ".."))
    {
        return Ok(());
    }
    let refusal = Refusal::new(
        code::DELIVERY_PATH,
        format!("`{text}` is not a folder of the repository"),
        "write it from the root of the repository: without `/` at the ends, without `.` and `..`",
    )
    .reason("Argo CD and Flux look for it from the root of the repository, and nowhere outside it");
    let plain: Vec<&str> = parts().filter(|part| !matches!(*part, "" | ".")).collect();
    let plain = plain.join("/");
    Err(if !plain.is_empty() && plain != text && folder_path(&plain).is_ok() {
        refusal.instead(plain, true)
    } else {
        refusal
    })
}

fn revision(text: &str) -> Checked {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    if !text.is_empty() && !text.contains(odd) && !text.contains("..") && !text.starts_with('-') {
        return Ok(());
    }
    refuse(
        code::DELIVERY_REVISION,
        format!("`{text}` is not a branch, a tag or a commit"),
        "write the name as `git branch` or `git tag` shows it",
    )
}

fn server_url(text: &str) -> Checked {
    let host = text.strip_prefix("https://").unwrap_or_default();
    if !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '@' | '?' | '#')) {
        return Ok(());
    }
    let refusal = Refusal::new(
        code::DELIVERY_URL,
        format!("`{text}` is not the address of an API server"),
        "write it as `argocd cluster list` shows it, or the name of the cluster under `cluster`",
    )
    .reason("Argo CD finds its cluster by exactly this text");
    let trimmed = text.trim_end_matches('/');
    Err(if trimmed != text && server_url(trimmed).is_ok() { refusal.instead(trimmed, true) } else { refusal })
}

/// True for the whole hash of a commit, by SHA-1 or SHA-256.
pub(crate) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.chars().all(|c| c.is_ascii_digit() || matches!(c, 'a'..='f'))
}

fn commit(text: &str) -> Checked {
    if is_commit(text) {
        return Ok(());
    }
    refuse(
        code::DELIVERY_REVISION,
        format!("`{text}` is not the hash of a commit"),
        "write all of its 40 hexadecimal digits, as `git rev-parse HEAD` shows them",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_that_git_takes() {
        for good in [
            "https://git.example.com/deploy.git",
            "ssh://git@git.example.com:2222/deploy.git",
            "git@git.example.com:team/deploy.git",
            "oci://registry.example.com/deploy",
        ] {
            assert!(repository_url(good).is_ok(), "{good}");
        }
        for bad in ["", "deploy", "../deploy", "https://", "https://git.example.com", "git@:x", "file:///srv/x"] {
            assert!(repository_url(bad).is_err(), "{bad}");
        }
        let instead = |text: &str| repository_url(text).unwrap_err().instead;
        assert_eq!(
            instead("git.example.com/deploy.git"),
            Some(("https://git.example.com/deploy.git".to_owned(), false))
        );
        assert_eq!(instead("https://git.example.com/deploy/"), Some(("https://git.example.com/deploy".into(), true)));
        let login = repository_url("https://bot:hunter2@git.example.com/deploy.git").unwrap_err();
        assert_eq!(login.code, code::DELIVERY_LOGIN);
        assert!(!login.message.contains("hunter2") && !login.help.contains("hunter2"));
    }

    #[test]
    fn folders_lie_in_the_repository() {
        assert!(folder_path("rendered/production").is_ok());
        for (bad, instead) in [
            ("./rendered/production/", Some("rendered/production")),
            ("/rendered", Some("rendered")),
            ("..", None),
            (".", None),
            ("a/../b", None),
            ("a b", None),
        ] {
            let found = folder_path(bad).unwrap_err().instead.map(|(text, _)| text);
            assert_eq!(found.as_deref(), instead, "{bad}");
        }
    }

    #[test]
    fn revisions_are_names_of_git() {
        assert!(revision("release/2.1").is_ok() && revision("HEAD~1").is_err() && revision("a b").is_err());
        assert!(commit("4f1c9d0b5e3a7c2f8d6b1a0e9c8f7d6b5a4e3c2d").is_ok() && commit("4f1c9d0").is_err());
        assert!(server_url("https://10.0.0.1:6443").is_ok() && server_url("https://10.0.0.1/").is_err());
    }
}
