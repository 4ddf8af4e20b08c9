//! The form of what is printed.

use super::readers::assert_reads_back;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use windlass::yaml::{self, PrintError, to_yaml};

fn printed<T: Serialize + ?Sized>(value: &T) -> String {
    to_yaml(value).expect("a printable value")
}

#[test]
fn an_object_looks_as_people_write_it() {
    let object = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api", "labels": {"app.kubernetes.io/name": "api"}, "annotations": {}},
        "spec": {
            "replicas": 2,
            "paused": false,
            "template": {"spec": {
                "containers": [{
                    "name": "api",
                    "image": "registry.example.com/api:v2.8.0",
                    "args": ["--port=8080", "-v", "no", ""],
                    "env": [{"name": "RATIO", "value": "0.5"}, {"name": "GREETING", "value": "it's é"}],
                    "resources": {"limits": {"memory": "1Gi", "cpu": "4"}},
                    "command": [],
                    "readinessProbe": null,
                }],
                "matrix": [[1, 2], [[3]], []],
                "script": "#!/bin/sh\nset -e\n\n  run\n",
                "tail": ["a\nb", "c\n\n"],
                "y": 1.5,
            }},
        },
    });
    let expected = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  labels:
    app.kubernetes.io/name: api
  annotations: {}
spec:
  replicas: 2
  paused: false
  template:
    spec:
      containers:
        - name: api
          image: registry.example.com/api:v2.8.0
          args:
            - --port=8080
            - -v
            - "no"
            - ""
          env:
            - name: RATIO
              value: "0.5"
            - name: GREETING
              value: "it's é"
          resources:
            limits:
              memory: 1Gi
              cpu: "4"
          command: []
          readinessProbe: null
      matrix:
        - - 1
          - 2
        - - - 3
        - []
      script: |
        #!/bin/sh
        set -e

          run
      tail:
        - |-
          a
          b
        - |+
          c

      "y": 1.5
"#;
    assert_eq!(printed(&object), expected);
}

#[test]
fn every_kind_of_rust_value_has_a_form() {
    #[derive(Serialize)]
    enum Choice {
        Unit,
        New(u8),
        Tuple(u8, &'static str),
        Struct { a: Option<u8>, b: [u8; 0] },
        Empty {},
    }
    #[derive(Serialize)]
    struct All {
        none: Option<u8>,
        some: Option<&'static str>,
        unit: (),
        tuple: (i8, f32, char),
        choices: Vec<Choice>,
        keys: BTreeMap<i32, bool>,
        large: (u64, i64, u128),
    }
    let all = All {
        none: None,
        some: Some("x"),
        unit: (),
        tuple: (-1, 0.1, 'y'),
        choices: vec![
            Choice::Unit,
            Choice::New(1),
            Choice::Tuple(2, "b"),
            Choice::Struct { a: None, b: [] },
            Choice::Empty {},
        ],
        keys: BTreeMap::from([(-1, true), (80, false)]),
        large: (u64::MAX, i64::MIN, u128::MAX),
    };
    let expected = r#"none: null
some: x
unit: null
tuple:
  - -1
  - 0.1
  - "y"
choices:
  - Unit
  - New: 1
  - Tuple:
      - 2
      - b
  - Struct:
      a: null
      b: []
  - Empty: {}
keys:
  "-1": true
  "80": false
large:
  - 18446744073709551615
  - -9223372036854775808
  - 340282366920938463463374607431768211455
"#;
    assert_eq!(printed(&all), expected);
}

#[test]
fn typed_objects_print() {
    use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
    use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
    let port = |port, target| ServicePort { port, target_port: Some(target), ..ServicePort::default() };
    let ports = vec![port(80, IntOrString::Int(8080)), port(81, IntOrString::String("http".to_owned()))];
    let service =
        Service { spec: Some(ServiceSpec { ports: Some(ports), ..ServiceSpec::default() }), ..Service::default() };
    let expected = "apiVersion: v1\nkind: Service\nmetadata: {}\nspec:\n  ports:\n    - port: 80\n      targetPort: 8080\n    - port: 81\n      targetPort: http\n";
    assert_eq!(printed(&service), expected);
}

#[test]
fn a_scalar_or_an_empty_collection_may_be_the_whole_document() {
    assert_eq!(printed("a"), "a\n");
    assert_eq!(printed("no"), "\"no\"\n");
    assert_eq!(printed("a\nb\n"), "|\n  a\n  b\n");
    assert_eq!(printed(&json!({})), "{}\n");
    assert_eq!(printed(&json!([])), "[]\n");
    assert_eq!(printed(&json!(null)), "null\n");
    assert_eq!(printed(&json!([[], {}, [[]]])), "- []\n- {}\n- - []\n");
}

#[test]
fn numbers_are_read_back_by_every_reader() {
    let forms = [
        (1.0, "1.0"),
        (0.1, "0.1"),
        (-0.5, "-0.5"),
        (1e15, "1000000000000000.0"),
        (1e16, "1.0e+16"),
        (1e21, "1.0e+21"),
        (1.5e300, "1.5e+300"),
        (1e-7, "1.0e-7"),
        (f64::MAX, "1.7976931348623157e+308"),
        (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
    ];
    for (number, form) in forms {
        assert_eq!(printed(&number), format!("{form}\n"));
        assert_reads_back(&json!({"a": number}));
    }
    assert_reads_back(&json!({"a": [0, -1, i64::MAX, i64::MIN]}));
}

#[test]
fn what_has_no_safe_form_is_an_error() {
    struct Bytes;
    impl Serialize for Bytes {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(b"x")
        }
    }
    assert_eq!(to_yaml(&f64::NAN), Err(PrintError::NotFinite));
    assert_eq!(to_yaml(&[f32::INFINITY]), Err(PrintError::NotFinite));
    assert_eq!(to_yaml(&Bytes), Err(PrintError::Bytes));
    assert_eq!(to_yaml(&BTreeMap::from([((1, 2), 3)])), Err(PrintError::KeyNotText));
    assert_eq!(to_yaml(&BTreeMap::from([(None::<u8>, 3)])), Err(PrintError::KeyNotText));
    let keyed = |key: String| BTreeMap::from([(key, 1)]);
    assert_eq!(to_yaml(&keyed("k".repeat(1001))), Err(PrintError::KeyTooLong { bytes: 1001 }));
    assert_eq!(to_yaml(&keyed("\u{1}".repeat(500))), Err(PrintError::KeyTooLong { bytes: 3002 }));
    assert_reads_back(&json!({"k".repeat(1000): 1, "é".repeat(499): 2}));
    let mut out = "before".to_owned();
    assert!(yaml::append_yaml(&mut out, &json!({"a": 1, "k".repeat(1001): 1})).is_err());
    assert_eq!(out, "before");
}
