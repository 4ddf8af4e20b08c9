use super::*;
use crate::model::{Container, EgressTo, EnvValue, PreStop, ProbeCheck, VolumeSource, Workload};
use crate::resolve::sample::{Sample, sample};

const SECRETS: &str =
    "secrets:\n  s3: {keys: [access-key-id, secret-access-key]}\nvolumes:\n  shared: {size: 50Gi, access: rwx}\n";

fn model(model: &str, rest: &str) -> Sample {
    let text = format!(
        "components:\n  codegen: {{kind: model, runtime: tensorflow-serving, model: {{name: codegen, {model}}}{rest}}}\n{SECRETS}"
    );
    sample(&text, "")
}

fn remote(rest: &str) -> Sample {
    model("source: \"s3://models/codegen\", revision: \"7\", size: 14Gi, credentials: s3, region: eu-west-1", rest)
}

fn workload(sample: &Sample) -> &Workload {
    sample.workload("codegen")
}

fn main(sample: &Sample) -> &Container {
    &workload(sample).pod.main
}

fn text<'a>(container: &'a Container, name: &str) -> Option<&'a str> {
    container.env.iter().find(|variable| variable.name == name).and_then(|variable| match &variable.value {
        EnvValue::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

#[test]
fn tensorflow_serving_is_complete_from_two_lines() {
    let sample = remote("").clean();
    let (workload, main) = (workload(&sample), main(&sample));
    assert_eq!(main.image.to_string(), "tensorflow/serving:2.20.0");
    assert!(main.command.is_empty());
    let ports: Vec<(&str, u16)> = main.ports.iter().map(|port| (port.name.as_str(), port.target)).collect();
    assert_eq!(ports, [("http", 8501), ("grpc", 8500)]);
    assert_eq!(
        main.args,
        [
            "--port=8500",
            "--rest_api_port=8501",
            "--model_name=codegen",
            "--model_base_path=/models/codegen",
            "--monitoring_config_file=/etc/tensorflow-serving/monitoring.config",
        ]
    );
    assert_eq!((text(main, "MODEL_NAME"), text(main, "MODEL_BASE_PATH")), (Some("codegen"), Some("/models")));
    assert!(workload.files[0].data["monitoring.config"].contains("path: \"/monitoring/prometheus/metrics\""));
    let metrics = sample.component("codegen").metrics.as_ref().unwrap();
    assert_eq!((metrics.port.as_str(), metrics.path.as_str()), ("http", "/monitoring/prometheus/metrics"));
    let ready = main.probes.ready.as_ref().unwrap();
    assert!(matches!(&ready.check, ProbeCheck::Http { path, .. } if path == "/v1/models/codegen"));
    // 14 GiB: 287s of download and 144s of loading.
    assert_eq!(main.probes.startup.as_ref().unwrap().budget(), 480);
    assert_eq!((main.pre_stop.clone(), workload.pod.grace), (Some(PreStop::Sleep(15)), 30));
    assert_eq!((main.security.run_as_user, workload.pod.fs_group), (Some(1000), Some(1000)));
    assert_eq!(main.resources.requests["memory"].to_string(), "15Gi");
    assert_eq!(main.resources.requests["ephemeral-storage"].to_string(), "14Gi");
    assert_eq!(sample.component("codegen").outputs["model"], Output::Plain("codegen".into()));
    assert_eq!(sample.component("codegen").outputs["url"], Output::Plain("http://codegen:8501".into()));
}

#[test]
fn weights_come_by_one_step_into_the_servers_folder() {
    let sample = remote("").clean();
    let pod = &workload(&sample).pod;
    let [step] = pod.init.as_slice() else { panic!("{:#?}", pod.init) };
    assert_eq!((step.name.as_str(), step.image.to_string().as_str()), ("model", "rclone/rclone:1.75.1"));
    assert_eq!(step.args[..3], ["copy", ":s3:models/codegen/7", "/models/codegen/7"]);
    assert_eq!((text(step, "RCLONE_S3_PROVIDER"), text(step, "RCLONE_S3_REGION")), (Some("AWS"), Some("eu-west-1")));
    let secret = EnvValue::Secret { name: "s3".into(), key: "access-key-id".into() };
    assert!(step.env.iter().any(|variable| variable.name == "RCLONE_S3_ACCESS_KEY_ID" && variable.value == secret));
    assert!(step.security.read_only_root && step.security.run_as_user == Some(1000));
    assert!(step.resources.requests.contains_key("cpu") && step.resources.requests.contains_key("memory"));
    for container in pod.containers() {
        assert!(
            container.mounts.iter().any(|mount| mount.path == "/models/codegen" && mount.volume == "weights"),
            "{}",
            container.name
        );
    }
    assert!(matches!(
        pod.volumes.iter().find(|volume| volume.name == "weights").unwrap().source,
        VolumeSource::Scratch { .. }
    ));
    assert!(sample.component("codegen").egress.iter().any(|egress| matches!(egress.to, EgressTo::ObjectStore { .. })));
}

#[test]
fn each_store_is_spoken_to_in_its_way() {
    let step = |source: &str| {
        let sample = model(source, "").clean();
        let step = workload(&sample).pod.init[0].clone();
        (step.args[1].clone(), step.env)
    };
    let has = |env: &[crate::model::EnvVar], name: &str, value: &str| {
        env.iter().any(|variable| variable.name == name && variable.value == EnvValue::Text(value.into()))
    };
    let (source, env) = step("source: \"gs://models/x\", revision: \"1\"");
    assert!(source == ":gcs:models/x/1" && has(&env, "RCLONE_GCS_ENV_AUTH", "true"));
    let (source, env) = step("source: \"gs://models/x\", revision: \"1\", credentials: s3");
    assert!(source == ":s3:models/x/1" && has(&env, "RCLONE_S3_PROVIDER", "GCS"));
    assert!(has(&env, "RCLONE_S3_ENDPOINT", "https://storage.googleapis.com"));
    let (_, env) = step("source: \"s3://models/x\", revision: \"1\", endpoint: \"http://minio:9000\"");
    assert!(has(&env, "RCLONE_S3_PROVIDER", "Other") && has(&env, "RCLONE_S3_ENDPOINT", "http://minio:9000"));
    assert!(has(&env, "RCLONE_S3_ENV_AUTH", "true"));
}

#[test]
fn a_volume_that_keeps_weights_keeps_several_revisions() {
    let cached =
        model("source: \"s3://m/x\", revision: \"7\", cache: disk", ", volumes: {disk: {mount: /cache, size: 50Gi}}")
            .clean();
    let (pod, main) = (&workload(&cached).pod, main(&cached));
    assert_eq!(pod.init[0].args[2], "/cache/codegen/7");
    assert!(!pod.volumes.iter().any(|volume| volume.name == "weights"));
    assert!(!main.resources.requests.contains_key("ephemeral-storage"));
    assert!(main.args.contains(&"--model_config_file=/etc/tensorflow-serving/models.config".to_owned()));
    let models = &workload(&cached).files[0].data["models.config"];
    assert!(models.contains("base_path: \"/cache/codegen\"") && models.contains("versions: 7"));
    let missing = model("source: \"s3://m/x\", revision: \"7\", cache: disk", "");
    assert_eq!(missing.at(code::UNKNOWN_VOLUME), ["components.codegen.model.cache"]);
}

#[test]
fn weights_on_a_volume_are_only_read() {
    let shared = model("source: \"volume://shared/nets/codegen\", revision: \"7\"", "").clean();
    let mount = main(&shared).mounts.iter().find(|mount| mount.path == "/models/codegen/7").unwrap();
    assert_eq!((mount.sub_path.as_deref(), mount.read_only), (Some("nets/codegen/7"), true));
    assert!(workload(&shared).pod.init.is_empty());
    assert!(shared.component("codegen").egress.is_empty());
    let own = model("source: \"volume://disk/nets\"", ", volumes: {disk: {mount: /data, claim: weights}}").clean();
    assert!(main(&own).mounts.iter().any(|mount| mount.path == "/data" && mount.read_only));
    assert!(main(&own).args.contains(&"--model_base_path=/data/nets".to_owned()));
    assert_eq!(
        model("source: \"volume://nowhere/x\"", "").at(code::UNKNOWN_VOLUME),
        ["components.codegen.model.source"]
    );
    let baked = model("source: baked-in", "").clean();
    assert!(workload(&baked).pod.init.is_empty());
    assert_eq!(main(&baked).probes.startup.as_ref().unwrap().budget(), 600);
}

#[test]
fn what_the_author_writes_stays() {
    let rest = ", image: \"example.com/serving:1\", ports: {http: {port: 80, target: 9000}}, args: [\"--model_name=own\", \"--enable_batching\"], \
                env: {MODEL_NAME: own}, health: {ready: {path: /own}, live: false}, metrics: {path: /own-metrics}, \
                shutdown: {command: [drain]}, security: {runAsUser: 5000}, resources: {requests: {memory: 2Gi}}, \
                init: {first: {command: [a]}, model: {resources: {requests: {memory: 1Gi}}, env: {RCLONE_BWLIMIT: 10M}}}";
    let sample = remote(rest).clean();
    let (pod, main) = (&workload(&sample).pod, main(&sample));
    assert_eq!(main.image.to_string(), "example.com/serving:1");
    assert!(main.args.contains(&"--rest_api_port=9000".to_owned()));
    assert_eq!(main.args.iter().filter(|flag| flag.starts_with("--model_name")).count(), 1);
    assert_eq!(main.args[main.args.len() - 2..], ["--model_name=own", "--enable_batching"]);
    assert_eq!(text(main, "MODEL_NAME"), Some("own"));
    assert!(matches!(&main.probes.ready.as_ref().unwrap().check, ProbeCheck::Http { path, .. } if path == "/own"));
    assert!(main.probes.live.is_none() && main.probes.startup.is_some());
    assert!(workload(&sample).files[0].data["monitoring.config"].contains("\"/own-metrics\""));
    assert_eq!(main.pre_stop, Some(PreStop::Exec(vec!["drain".into()])));
    assert_eq!((main.security.run_as_user, main.resources.requests["memory"].to_string()), (Some(5000), "2Gi".into()));
    let steps: Vec<&str> = pod.init.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(steps, ["first", "model"]);
    assert_eq!(pod.init[1].resources.requests["memory"].to_string(), "1Gi");
    assert_eq!((text(&pod.init[1], "RCLONE_BWLIMIT"), pod.init[1].args[0].as_str()), (Some("10M"), "copy"));
    let own = remote(", init: {model: {image: \"example.com/fetch:1\", command: [fetch]}}").clean();
    assert!(workload(&own).pod.init[0].args.is_empty());
}

#[test]
fn arguments_and_metrics_can_be_left_out() {
    let bare = remote(", runtimeArgs: false, args: [\"--port=1\"]").clean();
    assert_eq!(main(&bare).args, ["--port=1"]);
    assert!(workload(&bare).files.is_empty());
    let quiet = remote(", metrics: false").clean();
    assert!(quiet.component("codegen").metrics.is_none());
    assert!(!main(&quiet).args.iter().any(|flag| flag.contains("monitoring")));
}

#[test]
fn a_gpu_takes_its_image_and_a_writable_cache_of_kernels() {
    let sample = remote(", gpu: {count: 1}");
    let main = main(&sample);
    assert_eq!(main.image.to_string(), "tensorflow/serving:2.20.0-gpu");
    assert_eq!(text(main, "CUDA_CACHE_PATH"), Some("/var/cache/cuda"));
    assert!(main.mounts.iter().any(|mount| mount.path == "/var/cache/cuda" && !mount.read_only));
    assert!(workload(&sample).pod.init[0].resources.requests.keys().all(|name| !name.contains('/')));
}

#[test]
fn what_the_runtime_cannot_take_is_said() {
    assert_eq!(
        model("source: baked-in, revision: v7", "").at(code::MODEL_REVISION),
        ["components.codegen.model.revision"]
    );
    let floating = model("source: \"s3://models/x\"", "");
    assert_eq!(floating.at(code::MODEL_NOT_PINNED), ["components.codegen.model"]);
    assert_eq!(workload(&floating).pod.init[0].args[1..3], [":s3:models/x", "/models/codegen"]);
    let nowhere = model("source: \"s3://models/x\", revision: \"1\", credentials: nowhere", "");
    assert_eq!(nowhere.at(code::UNKNOWN_SECRET), ["components.codegen.model.credentials"]);
    let found = sample("components:\n  m: {kind: model}\n  off: {kind: model, enabled: false}\n", "");
    assert_eq!(found.at(code::MISSING_FIELD).iter().filter(|path| **path == "components.m").count(), found.found.len());
}

#[test]
fn a_server_of_the_authors_own_gets_nothing_but_its_name() {
    let text = "components:\n  m: {kind: model, runtime: custom, image: \"example.com/server:1\", model: {name: net, servedName: Net, \
                source: \"s3://models/net\"}, ports: {http: 8080}}\n";
    let sample = sample(text, "").clean();
    let pod = &sample.workload("m").pod;
    assert!(pod.init.is_empty() && pod.main.args.is_empty() && pod.main.env.is_empty());
    assert!(pod.main.probes.ready.is_none() && sample.component("m").metrics.is_none());
    assert_eq!(sample.component("m").outputs["model"], Output::Plain("Net".into()));
    assert!(sample.component("m").egress.iter().any(|egress| matches!(egress.to, EgressTo::ObjectStore { .. })));
}
