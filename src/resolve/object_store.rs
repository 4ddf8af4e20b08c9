//! Where object stores answer on the internet, for policies that know host names.

/// Amazon S3 in every region, by path and by bucket; and where the identity of a pod becomes a login.
const AMAZON: &[&str] = &[
    "s3.amazonaws.com",
    "s3.*.amazonaws.com",
    "*.s3.amazonaws.com",
    "*.s3.*.amazonaws.com",
    "sts.amazonaws.com",
    "sts.*.amazonaws.com",
];
/// Google Cloud Storage, and where the identity of a pod becomes a login.
const GOOGLE: &[&str] = &[
    "storage.googleapis.com",
    "*.storage.googleapis.com",
    "oauth2.googleapis.com",
    "sts.googleapis.com",
    "iamcredentials.googleapis.com",
];

/// The hosts of the stores of a scheme.
pub(super) fn hosts(scheme: &str) -> Vec<String> {
    let known = if scheme == "gs" { GOOGLE } else { AMAZON };
    known.iter().map(|host| (*host).to_owned()).collect()
}

/// The host and the port of an address: `https://store.example.com:9000/path`.
pub(super) fn address(url: &str) -> (String, u16) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let authority = rest.split('/').next().unwrap_or_default();
    let usual = if scheme == "http" { 80 } else { 443 };
    match authority.rsplit_once(':') {
        Some((host, port)) => (host.to_owned(), port.parse().unwrap_or(usual)),
        None => (authority.to_owned(), usual),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for (url, host, port) in [
            ("https://store.example.com", "store.example.com", 443),
            ("http://store.example.com/bucket", "store.example.com", 80),
            ("store.example.com:9000", "store.example.com", 9000),
        ] {
            assert_eq!(address(url), (host.to_owned(), port), "{url}");
        }
    }

    #[test]
    fn hosts_are_those_of_the_scheme() {
        assert!(hosts("s3").iter().all(|host| host.ends_with(".amazonaws.com")));
        assert!(hosts("gs").iter().all(|host| host.ends_with(".googleapis.com")));
    }
}
