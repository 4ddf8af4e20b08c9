//! Every code on one list. A code is stable: its number is never given to another law.
//!
//! Groups: `WL00xx` files and the command, `WL01xx` YAML and the shape of the language, `WL02xx` names
//! and references, `WL03xx` images and secrets, `WL04xx` scaling, rollout and availability, `WL05xx`
//! resources, GPUs and placement, `WL06xx` network and monitoring, `WL07xx` storage and databases, `WL08xx` the
//! target and Git, `WL09xx` output.

/// The identity of a law: its number, its name and one sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// `WL` and four digits.
    pub id: &'static str,
    /// The bad thing, in kebab case.
    pub name: &'static str,
    /// What the finding says, for a table.
    pub summary: &'static str,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $constant:ident = $id:literal, $name:literal, $summary:literal;)*) => {
        $($(#[doc = $doc])* pub const $constant: Code = Code { id: $id, name: $name, summary: $summary };)*
        /// All codes, in the order of their numbers.
        pub const ALL: &[Code] = &[$($constant),*];
        // A code without a page does not compile.
        const _: &[&str] = &[$(include_str!(concat!("explain/", $id, ".md"))),*];
    };
}

codes! {
    FILE_UNREADABLE = "WL0001", "file-unreadable", "a file cannot be read, or is not a regular file";
    FILE_OUTSIDE = "WL0002", "file-outside-repository", "a file lies outside the repository, or behind a link that leaves it";
    FILE_TOO_LARGE = "WL0003", "file-too-large", "an input file is over 1 MiB";
    NOT_UTF8 = "WL0004", "not-utf8", "an input file is not UTF-8 text";
    SYSTEM_NOT_FOUND = "WL0005", "system-not-found", "no system file was found";
    ENVIRONMENT_NOT_FOUND = "WL0006", "environment-not-found", "no environment of that name exists";

    YAML_SYNTAX = "WL0101", "yaml-syntax", "the text is not YAML";
    YAML_REFUSED = "WL0102", "yaml-refused", "a YAML feature that this language refuses: anchors, aliases, merge keys, tags, complex keys, several documents";
    YAML_LIMIT = "WL0103", "yaml-limit", "the document is nested too deeply or has too many nodes";
    YAML_DUPLICATE_KEY = "WL0104", "duplicate-key", "a key stands twice in one map";
    YAML_CONTROL_CHARACTER = "WL0105", "control-character", "a control or bidirectional character in the text";
    YAML_AMBIGUOUS = "WL0106", "ambiguous-scalar", "a plain scalar that YAML readers take for different things";
    YAML_EMPTY = "WL0107", "empty-document", "the file holds no document";
    UNKNOWN_KEY = "WL0110", "unknown-key", "a key that the language does not have at this place";
    WRONG_TYPE = "WL0111", "wrong-type", "a value of the wrong type";
    MISSING_FIELD = "WL0112", "missing-field", "a field that must be written is missing";
    UNKNOWN_WORD = "WL0113", "unknown-word", "a word that is not one of those allowed here";
    OUT_OF_RANGE = "WL0114", "out-of-range", "a number outside its range";
    BAD_DURATION = "WL0115", "bad-duration", "a time without a unit, or not a time";
    BAD_QUANTITY = "WL0116", "bad-quantity", "not a Kubernetes quantity";
    TWO_FORMS = "WL0117", "two-forms", "two values that exclude each other";
    NO_FORM = "WL0118", "no-form", "none of the forms of a choice is written";
    EMPTY_NULL = "WL0119", "null-over-nothing", "`null` with nothing below it to take away";
    WRONG_KIND = "WL0120", "wrong-document", "the document is not of the kind expected here";
    FIELD_OF_OTHER_KIND = "WL0121", "field-of-other-kind", "a field that this kind of component does not have";
    OVERLAY_OF_NOTHING = "WL0122", "overlay-of-nothing", "an overlay for a component that the system does not have";
    EXTENDS_CYCLE = "WL0123", "extends-cycle", "environments that extend each other in a circle";
    LIKE_CYCLE = "WL0124", "like-cycle", "components or profiles that are like each other in a circle";
    LIKE_UNKNOWN = "WL0125", "like-of-nothing", "`like` of something that the system does not have";
    LIKE_KIND = "WL0126", "like-of-another-kind", "`like` of a component of another kind, or a profile with a kind";
    DEFINED_TWICE = "WL0127", "defined-twice", "a name that two files of a system define";
    INCLUDE_KEY = "WL0128", "key-of-main-file", "a key that stands in the main file of a system only";
    ALLOWANCE_SHAPE = "WL0131", "unknown-comment", "a comment addressed to Windlass that says nothing it knows";
    ALLOWANCE_REASON = "WL0132", "allowance-without-reason", "an allowance that does not say why";
    ALLOWANCE_UNUSED = "WL0133", "unused-allowance", "an allowance that silences nothing";
    CODE_UNKNOWN = "WL0134", "unknown-code", "a code that no finding has";

    BAD_NAME = "WL0201", "bad-name", "a name that Kubernetes does not take";
    BAD_REFERENCE = "WL0202", "bad-reference", "a reference that is not written as one";
    BAD_PATH = "WL0203", "bad-path", "a path that is not one, or not of the right sort";
    BAD_ADDRESS = "WL0204", "bad-address", "a host name or address range that is not one";
    BAD_CRON = "WL0205", "bad-schedule", "a schedule or time zone that is not one";
    BAD_SOURCE = "WL0206", "bad-model-source", "a source of weights that is not one";
    NAME_TOO_LONG = "WL0210", "name-too-long", "a name that leaves no room for what Kubernetes appends to it";
    POD_NAME_CUT = "WL0211", "pod-name-cut", "a name so long that the names of its pods are cut";
    NAME_TWICE = "WL0212", "name-twice", "two components whose objects bear the same name";
    SERVICE_NAME_TWICE = "WL0213", "service-name-twice", "two components with a Service of the same name";
    OBJECT_NAME_TWICE = "WL0214", "object-name-twice", "two objects of one kind whose composed names are the same";
    ACCOUNT_DIFFERS = "WL0215", "shared-account-differs", "a service account that two components describe differently";
    LABEL_VALUE = "WL0216", "bad-label-value", "text that cannot be the value of a label";
    LABEL_RESERVED = "WL0217", "reserved-label", "a label that the compiler sets itself";
    ANNOTATIONS_TOO_LARGE = "WL0218", "annotations-too-large", "annotations of one object over 256 KiB";
    NAMESPACE_OF_CLUSTER = "WL0219", "namespace-of-cluster", "a namespace that belongs to the cluster itself";
    UNKNOWN_COMPONENT = "WL0220", "unknown-component", "a reference to a component that does not exist";
    UNKNOWN_OUTPUT = "WL0221", "unknown-output", "a reference to an output that the component does not have";
    UNKNOWN_PORT = "WL0222", "unknown-port", "a port that the component does not have";
    UNKNOWN_SECRET = "WL0223", "unknown-secret", "a secret or key that the system does not declare";
    UNKNOWN_CONFIG = "WL0224", "unknown-config", "a config or key that the system does not declare";
    UNKNOWN_VOLUME = "WL0225", "unknown-volume", "a volume that does not exist";
    DISABLED_COMPONENT = "WL0226", "disabled-component", "a use of a component that is not enabled here";
    SECRET_IN_TEXT = "WL0228", "secret-in-text", "a secret output inside a text";
    CONTAINER_TWICE = "WL0230", "container-twice", "two containers of a pod with the same name";
    VARIABLE_UNKNOWN = "WL0240", "unknown-variable", "`$(NAME)` that is no variable of the container";
    VARIABLE_LATER = "WL0241", "variable-not-yet-defined", "`$(NAME)` of a variable that is not defined before it";
    WAIT_CYCLE = "WL0250", "wait-cycle", "components that wait for each other in a circle";
    USE_CYCLE = "WL0251", "use-cycle", "components that use each other in a circle";
    WAIT_ENDLESS = "WL0252", "endless-wait", "waiting for something that never opens a port or never completes";

    CATALOGUE_MISSING = "WL0290", "no-catalogue", "a release or registry of models without a catalogue to stand in";
    CATALOGUE_ATTRIBUTE = "WL0291", "catalogue-attribute", "a field of AIModel that the catalogue does not take so";
    MEASURE_RANGE = "WL0292", "measure-out-of-range", "a measure of a model that is a share, outside 0 to 1";
    RELEASE_CONTAINER = "WL0293", "release-of-no-container", "the release of a model in a container that the pod does not have";
    RELEASE_PREVIOUS = "WL0294", "previous-is-itself", "a release that names its own version as the one before it";
    PROMOTION_UNBOUNDED = "WL0295", "promotion-without-criteria", "a promotion without a person and without a measure";
    CATALOGUE_TEXT = "WL0296", "catalogue-text-too-long", "a text that the definition of its kind is too short for";

    BAD_IMAGE = "WL0301", "bad-image", "an image reference that is not one";
    MISSING_REASON = "WL0302", "missing-reason", "a protection is off without a reason";
    IMAGE_FLOATING = "WL0310", "floating-image", "an image that may change under the same reference";
    CREDENTIAL_LITERAL = "WL0311", "literal-credential", "a text that looks like a credential";
    CREDENTIAL_NAMED = "WL0312", "literal-under-secret-name", "a literal text under a name that speaks of a secret";
    USER_ROOT = "WL0313", "root-as-non-root", "the user root in a container that must not run as root";
    CAPABILITY_UNKNOWN = "WL0314", "unknown-capability", "a capability that Linux does not have";
    SECURITY_LOWERED = "WL0315", "namespace-level-lowered", "a field for which the namespace has no stricter Pod Security level";
    AGENT_ALONE = "WL0330", "agent-alone", "an agent that reaches no model and nothing outside the graph";
    AGENT_SANDBOX = "WL0331", "agent-without-sandbox", "an agent in production on the kernel of the node";
    SECRET_FIELD = "WL0340", "field-of-other-origin", "a field that a secret of this origin does not have";
    SECRET_FILE = "WL0341", "not-an-encrypted-secret", "a file that does not hold the one encrypted secret that is named";
    SECRET_KEYS = "WL0342", "encrypted-keys-differ", "an encrypted secret whose keys are not those that are declared";
    SECRET_BOUND = "WL0343", "encrypted-for-elsewhere", "an encrypted secret of another name or namespace";
    SECRET_PLAIN = "WL0344", "value-not-encrypted", "a value that stands in plain text in an encrypted secret";
    SECRET_TYPE = "WL0345", "secret-type-differs", "an encrypted secret whose type is not that of its keys";
    SECRET_CHANGED = "WL0346", "patched-encrypted-secret", "a patch on a Secret whose encryption covers the whole document";

    SCALER_MISSING = "WL0401", "scaler-missing", "a metric that this target cannot scale by";
    NO_METRIC = "WL0402", "no-metric", "scaling without a metric";
    GPU_ROLLOUT = "WL0403", "gpu-rollout", "the rollout that was chosen so that a full GPU pool cannot deadlock";
    METRIC_FIELD = "WL0404", "field-of-other-metric", "a field that this form of a scaling metric does not have";
    METRIC_AS_QUERY = "WL0405", "metric-as-query", "a metric that this scaler takes only as a query";
    RUNTIME_METRIC = "WL0406", "unknown-runtime-metric", "a metric that the model's server does not export";
    QUEUE_UNREACHABLE = "WL0407", "unreachable-queue", "a queue that the scaler cannot read";
    SCALE_BOUNDS = "WL0410", "min-over-max", "fewer replicas at most than at least";
    SCALE_FROM_ZERO = "WL0411", "no-way-from-zero", "scaling to zero without a metric that wakes the component up";
    SCALE_NO_RANGE = "WL0412", "scale-without-range", "scaling between two equal numbers of replicas";
    SCALE_NO_REQUEST = "WL0413", "utilisation-without-request", "scaling by use in percent of a request that is not written";
    SCALE_UNREACHABLE = "WL0414", "unreachable-target", "a target of use that the limit never lets a container pass";
    SCALE_WINDOW = "WL0415", "scaling-window", "a stabilisation window over one hour";
    SCALE_PERIOD = "WL0416", "scaling-period", "a period of scaling outside 1 to 1800 seconds";
    SCALE_TOLERANCE = "WL0417", "tolerance-unsupported", "a tolerance on a Kubernetes version that drops it";
    SCALE_BELOW_METRIC = "WL0418", "below-without-single-metric", "`below` without exactly one metric of CPU or memory use";
    SCALE_BELOW_TARGET = "WL0419", "below-over-target", "`below` that is not under the target of its metric";
    SCALE_CONTAINER = "WL0420", "unknown-container", "scaling by a container that the pod does not have";
    SCALE_CRON_FLOOR = "WL0421", "cron-over-max", "a floor by the clock above the greatest number of replicas";
    SCALE_METRIC_TWICE = "WL0422", "metric-name-twice", "two scaling metrics of the same name";
    SCALE_UNSCRAPED = "WL0423", "metric-not-scraped", "scaling by a metric of pods that nobody scrapes";
    SCALE_DOUBLES = "WL0424", "may-double", "a pace at which the replicas may double";
    REPLICA_SINGLE = "WL0430", "single-replica", "one replica of something that serves in production";
    DRAIN_BLOCKED = "WL0431", "drain-blocked", "a disruption budget that never lets a node drain";
    DRAIN_UNBOUNDED = "WL0432", "no-disruption-budget", "a drain that may take all replicas at once";
    ROLLOUT_STUCK = "WL0440", "rollout-stuck", "a rollout that may neither add nor take away a pod";
    ROLLOUT_OUTAGE = "WL0441", "rollout-outage", "a rollout that takes all replicas at once";
    ROLLOUT_DEADLINE = "WL0442", "rollout-deadline", "a rollout that fails while its pods may still start";
    ROLLOUT_FIELD = "WL0445", "field-of-other-strategy", "a field that this strategy of a rollout does not have";
    ROLLOUT_STEPS = "WL0446", "canary-steps", "steps of a canary that do not rise, or try nothing";
    ROLLOUT_UNSUPPORTED = "WL0447", "rollout-unsupported", "a rollout that nobody in this cluster can do";
    ROLLOUT_SUCCESS = "WL0448", "success-without-prometheus", "a rollout judged by a query that nobody can ask";
    ROLLOUT_RATIO = "WL0449", "canary-by-replicas", "a canary whose share is that of its pods";
    PROBE_READY_MISSING = "WL0450", "no-readiness", "something that serves without a readiness probe";
    PROBE_LIVE_IS_READY = "WL0451", "liveness-is-readiness", "the same request asked for readiness and liveness";
    PROBE_SUCCESSES = "WL0452", "successes-of-liveness", "several successes asked of a startup or liveness probe";
    PROBE_TIMEOUT = "WL0453", "timeout-over-period", "a probe that may still run when the next one is due";
    PROBE_PORT = "WL0454", "undeclared-probe-port", "a probe on a port that the container does not declare";
    MODEL_STARTUP_MISSING = "WL0455", "no-startup-probe", "a model server whose liveness counts while it loads";
    MODEL_STARTUP_SHORT = "WL0456", "startup-too-short", "a startup budget in which the weights cannot be read";
    ROLLOUT_VERSION = "WL0457", "rollout-version", "versions of a rollout that are not told, or told where a controller knows them";
    ROLLOUT_TWO_VERSIONS = "WL0458", "two-versions", "two versions of something that there must be one of";
    ROLLOUT_BY_COMMIT = "WL0459", "rollout-by-commit", "a part of a rollout that only a controller does";
    SHUTDOWN_DELAY = "WL0460", "delay-over-grace", "a shutdown delay that uses up the grace period";
    SHUTDOWN_DRAIN = "WL0461", "no-time-to-drain", "hardly any time between SIGTERM and SIGKILL";
    SHUTDOWN_REQUEST = "WL0462", "grace-under-timeout", "requests that may last longer than the grace period";
    ROLLOUT_SLOW = "WL0463", "slow-controller", "steps so long that the controller of the rollout seldom looks";
    NO_REMOVAL_HOOK = "WL0464", "no-removal-hook", "a job at the removal of the system, which nothing would run";
    FAILURE_RULE = "WL0465", "bad-failure-rule", "a rule for failed pods that Kubernetes refuses";
    UNKNOWN_QUEUE = "WL0466", "unknown-queue", "a queue that the target does not have";
    TRAINING = "WL0467", "half-a-training", "a distributed training whose parts are missing or cannot meet";
    BAD_AFFINITY = "WL0468", "bad-affinity", "an affinity that Kubernetes refuses";
    FIELD_OF_SCHEDULE = "WL0469", "field-of-schedule", "a field of a job that only means something with a schedule";
    SCHEDULE_NEVER = "WL0470", "schedule-never-due", "a schedule on a day that no month has";
    VERTICAL_OVERLAP = "WL0480", "two-scalers", "vertical scaling of a resource by which replicas are counted";
    VERTICAL_RESOURCE = "WL0481", "unscalable-resource", "vertical scaling of something else than CPU and memory";
    VERTICAL_BOUNDS = "WL0482", "vertical-min-over-max", "vertical scaling to at least more than at most";
    VERTICAL_OVER_NODE = "WL0483", "vertical-over-node", "vertical scaling above the largest node";

    GPU_NOT_WHOLE = "WL0501", "gpu-not-whole", "a GPU count that is not a whole number of at least one";
    UNKNOWN_POOL = "WL0502", "unknown-pool", "a node pool that the target does not have";
    GPU_POOL = "WL0503", "gpu-placement", "where the pods with a GPU may run, and how that was chosen";
    REQUEST_OVER_LIMIT = "WL0510", "request-over-limit", "a request above its limit";
    DEVICE_OVERCOMMIT = "WL0511", "device-overcommitted", "a device that is not asked for and limited alike";
    FRACTIONAL_BYTES = "WL0512", "fractional-bytes", "an amount of bytes that is not whole";
    CPU_TOO_FINE = "WL0513", "cpu-too-fine", "an amount of CPU finer than one thousandth";
    AMOUNT_NEGATIVE = "WL0514", "negative-amount", "an amount below zero";
    AMOUNT_SUSPICIOUS = "WL0515", "suspicious-amount", "an amount that is probably written in the wrong unit";
    REQUEST_MISSING = "WL0516", "no-request", "a container that asks for no CPU or memory";
    HUGE_PAGES = "WL0517", "partial-huge-page", "an amount of huge pages that is not a multiple of their size";
    MEMORY_VOLUMES = "WL0518", "memory-volume-over-limit", "volumes in memory that fill the memory limit";
    GPU_PRODUCT_UNKNOWN = "WL0520", "unknown-gpu-product", "a GPU product that no node pool has";
    GPU_PER_NODE = "WL0521", "gpus-over-node", "more GPUs for one pod than one node has";
    GPU_SHORTAGE = "WL0522", "gpu-shortage", "more GPUs for all replicas than the node pools have";
    GPU_SURGE = "WL0523", "gpu-surge", "a rollout whose new pod waits for a GPU that no old pod gives up";
    NODE_NONE = "WL0530", "no-node", "pods that no node pool takes";
    NODE_TOO_SMALL = "WL0531", "pod-over-node", "a pod larger than every node that it may run on";
    CAPACITY_SHORT = "WL0540", "capacity-short", "more pods at their most than the node pools hold";
    CAPACITY_UNKNOWN = "WL0541", "capacity-unknown", "pods of which it is not known whether the node pools hold them";
    QUOTA_SHORT = "WL0542", "quota-short", "more pods or disks at their most than the quota allows";
    GPU_SLICE = "WL0560", "bad-gpu-slice", "a slice of a GPU that is not one";
    GPU_VENDOR = "WL0561", "gpu-of-other-vendor", "a form of GPU that this vendor does not have";
    GPU_SHARE_COUNT = "WL0562", "several-shares", "several slices or shares of a GPU for one pod";
    GPU_MEMORY_SHORT = "WL0563", "gpu-memory-short", "weights and context that do not fit the memory of the GPUs";
    GPU_MEMORY_POOL = "WL0564", "gpu-memory-of-pool", "GPUs of a node pool with less memory than is asked for";
    GPU_NODES = "WL0565", "several-nodes", "several nodes for a component that cannot use them";

    ROUTE_WITHOUT_DOOR = "WL0601", "route-without-door", "a route on a target without a gateway or ingress class";
    TLS_WITHOUT_ISSUER = "WL0602", "tls-without-issuer", "TLS on a route with nobody to issue the certificate";
    NOTHING_TO_REACH = "WL0603", "nothing-to-reach", "a Service, route or scrape for a component without ports";
    PORT_TWICE = "WL0610", "port-twice", "a port that two ports of one component share";
    NODE_PORT_TWICE = "WL0611", "node-port-twice", "a port of the nodes that two ports share";
    NODE_PORT_TYPE = "WL0612", "node-port-without-type", "a port of the nodes for a Service that has none";
    HEADLESS_OUTSIDE = "WL0613", "headless-outside", "a headless Service that is to be reached from outside";
    PORT_PRIVILEGED = "WL0614", "privileged-port", "a port under 1024 in a container that does not run as root";
    OPEN_TO_ALL = "WL0615", "open-to-everyone", "a Service that everyone outside the cluster may reach";
    SOURCES_UNSEEN = "WL0616", "sources-unseen", "allowed sources where nothing sees the address of the client";
    EGRESS_CLOSED = "WL0617", "closed-egress", "host names that stay closed, since no address is known for them";
    EXCEPT_OUTSIDE = "WL0618", "exception-outside-range", "an exception that does not lie inside its address range";
    POLICY_BYPASSED = "WL0619", "policy-bypassed", "pods on the network of the node, which no network policy holds";
    ALIAS_WITHOUT_HOST = "WL0625", "alias-without-host", "an alias of an external that has no host";
    EXTERNAL_CLOSED = "WL0626", "closed-external", "an external that stays closed, since no address is known for it";
    ROUTE_TWICE = "WL0630", "route-twice", "two routes for the same host and path";
    ROUTE_NEEDS_GATEWAY = "WL0631", "route-needs-gateway", "a field of a route that an Ingress cannot express";
    ROUTE_PLAIN = "WL0632", "route-without-tls", "a route in plain text in production";
    ROUTE_NO_SERVICE = "WL0633", "route-without-service", "a route to a component whose Service is switched off";
    ROUTE_PATH = "WL0634", "bad-route-path", "a path that no route may have";

    BACKUPS_OPEN = "WL0650", "open-backups", "backups that go to a store of which no address is known";
    NAMESPACE_FOREIGN = "WL0651", "namespace-not-emitted", "labels or annotations of a namespace that is not emitted";
    ENVIRONMENTS_COLLIDE = "WL0652", "environments-collide", "two environments of one cluster in the same namespace";
    BAD_QUERY = "WL0690", "bad-query", "a query of Prometheus that is not one";
    NOTHING_TO_WATCH = "WL0691", "nothing-to-watch", "an alert or panel for which nothing in the target has a series";
    DASHBOARD_UNSEEN = "WL0692", "dashboard-not-shown", "dashboards on a target without anything that shows them";
    DASHBOARD_TITLE = "WL0693", "dashboard-title-twice", "two dashboards of the same title";

    POSTGRES_INSTANCES = "WL0701", "postgres-needs-operator", "a field of `postgres` that needs the operator";
    SECRET_NOT_DECLARED = "WL0702", "login-not-declared", "a server needs a secret that the system does not declare";
    MODEL_SOURCE = "WL0703", "model-source", "weights that this runtime cannot take from there";
    FIELD_NOT_HONOURED = "WL0704", "field-not-honoured", "a field that this kind, as it runs here, cannot honour";
    EXTENSION_MISSING = "WL0705", "extension-missing", "an extension that the image of the database does not have";
    BACKUP_DESTINATION = "WL0707", "backup-destination", "a place for backups that is not one";
    MODEL_NOT_PINNED = "WL0708", "model-not-pinned", "remote weights without a revision, so that pods may differ";
    MODEL_REVISION = "WL0709", "model-revision", "a revision of weights that the runtime cannot take";
    CLAIM_SEVERAL_PODS = "WL0710", "claim-of-several-pods", "a disk of one node for several pods";
    CLAIM_SURGE = "WL0711", "claim-held-by-old-pod", "a rollout whose new pod waits for the disk of the old one";
    SHARED_VOLUME_ALONE = "WL0712", "shared-disk-of-one-node", "a shared volume that one node mounts, for several pods";
    MOUNT_TWICE = "WL0713", "mount-twice", "two volumes or files mounted at the same path";
    VOLUME_TWICE = "WL0714", "volume-twice", "two volumes of a component with the same name";
    STORAGE_SIZE = "WL0715", "no-storage", "a volume without any space";
    CONFIG_TOO_LARGE = "WL0716", "config-too-large", "a ConfigMap over 1 MiB";
    STORE_FORGETS = "WL0718", "store-without-volume", "a store whose data go with its pod";
    POSTGRES_SYNCHRONOUS = "WL0720", "synchronous-over-instances", "more synchronous standbys than there are standbys";
    BACKUP_KEEP = "WL0721", "backup-not-in-days", "backups kept for a time that is not whole days";
    POSTGRES_NAME = "WL0722", "bad-database-name", "a name of a database or user that PostgreSQL does not take plainly";
    POSTGRES_PARAMETER = "WL0723", "operated-parameter", "a parameter of PostgreSQL that its operator sets";
    REDIS_MEMORY = "WL0730", "maxmemory-over-limit", "a redis that may use more memory than its container";
    REDIS_OPEN = "WL0731", "redis-without-password", "a redis without a password in production";
    REDIS_EVICTS = "WL0732", "redis-evicts", "a queue or state that drops data when its memory is full";
    MODEL_FORMAT = "WL0780", "model-format", "a format of weights that the runtime cannot take";
    MODEL_FIELD = "WL0781", "unused-model-field", "a field of a model that has no effect here";
    RUNTIME_MAINTAINED = "WL0782", "runtime-in-maintenance", "a model server that gets no new features";
    WEIGHTS_OPEN = "WL0783", "weights-from-anywhere", "weights for which every public address is opened";
    RUNTIME_IMAGE = "WL0784", "no-runtime-image", "a runtime without an image for this GPU";

    UNSUPPORTED_VERSION = "WL0801", "unsupported-version", "a Kubernetes version that is not a target";
    FEATURE_MISSING = "WL0802", "feature-missing", "something that needs a feature that the target does not have";
    FEATURE_UNSET = "WL0803", "feature-incomplete", "a feature of the target that needs a setting beside it";
    POOL_BOUNDS = "WL0810", "pool-min-over-max", "a node pool with fewer nodes at most than at least";
    POOL_RESERVED = "WL0811", "pool-all-reserved", "a node pool whose nodes reserve more than they have";
    POLICY_EXPRESSION = "WL0812", "policy-expression", "an expression of a policy that is not one, or names what there is not";
    POLICY_VIOLATED = "WL0813", "policy-violated", "a rule of the team's own that an object, a component or the system breaks";
    POLICY_FAILED = "WL0814", "policy-failed", "a rule whose expression fails on what it is asked of";
    POLICY_UNREAD = "WL0815", "policy-not-evaluated", "a rule that only an API server can evaluate";
    POLICY_COST = "WL0816", "policy-too-costly", "a rule that takes too long on what it is asked of";
    POLICY_KIND = "WL0817", "policy-of-unknown-kind", "a rule for a kind that nothing is known of";
    POLICY_SHAPE = "WL0818", "policy-shape", "files of admission policies without one, or a policy that is not complete";
    OBJECT_DEFINITION = "WL0819", "object-definition", "a definition of a kind that the API server refuses";
    OBJECT_REFERENCE = "WL0820", "object-reference", "a reference in an object that names nothing";
    OBJECT_QUOTA = "WL0821", "object-quota", "a quota or a limit of a namespace that the API server refuses";
    OBJECT_DEVICES = "WL0822", "object-devices", "a selector of devices that is no condition";

    DELIVERY_URL = "WL0830", "bad-repository", "an address of a repository or API server that is not one";
    DELIVERY_LOGIN = "WL0831", "login-in-repository", "a login in the address of a repository";
    DELIVERY_PATH = "WL0832", "delivery-path", "a delivery from a folder where the output does not go";
    DELIVERY_REVISION = "WL0833", "bad-revision", "a branch, tag, commit or digest that is not one";
    DELIVERY_PINNED = "WL0834", "delivery-pinned", "a delivery that stays at one commit, whatever is published";
    DELIVERY_FIELD = "WL0835", "unused-delivery-field", "a field of a delivery that has no effect here";
    DELIVERY_PROJECT = "WL0836", "unbounded-project", "a delivery whose project allows everything";
    DELIVERY_TWICE = "WL0837", "delivery-twice", "two environments whose delivery objects are the same";
    DELIVERY_SET = "WL0838", "uneven-set", "environments of one ApplicationSet that differ where they cannot";
    DELIVERY_SEALED = "WL0839", "delivery-opens-nothing", "secrets of SOPS that nothing in the delivery opens";
    REMOVAL_ALONE = "WL0840", "removal-job-alone", "a job at the removal that uses what is gone by then";
    ROUTE_ACROSS = "WL0841", "route-of-two-environments", "two environments of one cluster that answer at the same host and path";
    PIN_UNUSED = "WL0842", "pin-of-nothing", "a pin that no image of the system matches";

    INDEX_CONFLICT = "WL0843", "index-conflict", "staged files on which a merge did not agree";
    STAGED_STALE = "WL0844", "staged-output-stale", "a staged output that is not what the staged system gives";
    PLUGIN_PARAMETER = "WL0845", "plugin-parameter", "a parameter of an Application that the plugin does not have";
    PLUGIN_EMPTY = "WL0846", "plugin-renders-nothing", "an environment without objects, rendered by the plugin of Argo CD";
    PLUGIN_CONFIG = "WL0847", "plugin-configuration", "settings of the plugin that Argo CD refuses, ignores or takes otherwise";
    FORGE_FAILED = "WL0848", "comment-not-written", "a comment or summary that the forge of the job did not take";
    NO_REPOSITORY = "WL0860", "no-repository", "a folder that is not in a Git repository, or one that cannot be read";
    REFERENCE_UNKNOWN = "WL0861", "unknown-reference", "a branch, tag or commit that the repository does not have";
    HISTORY_MISSING = "WL0862", "missing-history", "a commit that is not there yet, or is cut off in a shallow clone";
    GIT_FAILED = "WL0863", "git-failed", "Git could not do its work";
    PUBLISH_TARGET = "WL0864", "bad-publish-target", "a repository, branch or path that nothing can be published to";
    PUSH_REFUSED = "WL0865", "push-refused", "a push that the server refuses";
    PUSH_LOST = "WL0866", "push-lost", "a branch that others pushed to first, again and again";
    PUBLISH_CASE = "WL0867", "case-in-branch", "a published path that differs from one in the branch only in case";
    SOURCE_DIRTY = "WL0868", "uncommitted-source", "a system whose files are not as they are committed";
    IDENTITY_MISSING = "WL0869", "no-identity", "a commit without anybody who makes it";
    OBJECTS_UNREADABLE = "WL0880", "objects-unreadable", "something to compare with that holds no Kubernetes objects";
    ACKNOWLEDGEMENT_UNUSED = "WL0881", "unused-acknowledgement", "an acknowledgement that no risk of the change needs";
    BASE_UNUSABLE = "WL0882", "unusable-base", "an old side of a comparison that does not compile";
    RISK_STOPS = "WL0883", "risk-stops", "a change with a risk that the review policy does not let pass";

    OUTPUT_PATH = "WL0901", "output-path", "an output file whose path some file system cannot hold";
    OUTPUT_EDITED = "WL0902", "output-edited", "an output file was edited by hand";
    OUTPUT_FOREIGN = "WL0903", "output-foreign", "a file that Windlass did not write is in the way of the output";
    OUTPUT_OBSTRUCTED = "WL0904", "output-obstructed", "a link, or something else that is not a plain file or folder, is in the way of the output";
    OUTPUT_PRUNE = "WL0905", "output-suddenly-small", "the output is empty, or lacks more than half of its objects";
    OUTPUT_LOCK = "WL0906", "output-lock", "the lock of an output folder cannot be used";
    OUTPUT_UNWRITABLE = "WL0907", "output-unwritable", "the output cannot be written";
    PATCH_OF_NOTHING = "WL0910", "patch-of-nothing", "a patch that matches no object";
    PATCH_FAILED = "WL0911", "patch-that-does-not-fit", "a patch that cannot be laid over its object";
    PATCH_IDENTITY = "WL0912", "patched-identity", "a patch that changes the kind, the name or the namespace of an object";
    MANIFEST_SHAPE = "WL0920", "not-an-object", "a document of `manifests` that is not a Kubernetes object";
    MANIFEST_SECRET = "WL0921", "secret-in-manifest", "a hand-written Secret with its values";
    MANIFEST_TWICE = "WL0922", "object-twice", "an object that is written by hand and emitted, or written twice";
    MANIFEST_NAMESPACE = "WL0923", "manifest-in-another-namespace", "a hand-written object in a namespace that is not the environment's";
    MANIFEST_NONE = "WL0924", "no-manifest", "a pattern of `manifests` that names no object";

    OBJECT_FIELD = "WL0930", "object-field", "a field that the kind of the object does not have";
    OBJECT_TYPE = "WL0931", "object-type", "a value of an object that has another type than its field";
    OBJECT_REQUIRED = "WL0932", "object-field-missing", "an object without a field that its kind requires";
    OBJECT_VALUE = "WL0933", "object-value", "a value of an object that its field does not take";
    OBJECT_ITEM_TWICE = "WL0934", "object-item-twice", "two items with the same key in a list of an object";
    KIND_UNKNOWN = "WL0935", "kind-without-schema", "an object whose kind has no known schema, so that it is not checked";
    KIND_NOT_SERVED = "WL0936", "kind-not-served", "an object of a kind that the target's Kubernetes does not serve";
    OBJECT_SCOPE = "WL0937", "object-scope", "a namespace on an object of the whole cluster";
    RULE_BROKEN = "WL0938", "rule-broken", "an object that breaks a rule of its kind's definition";
    RULE_UNREAD = "WL0939", "rule-not-evaluated", "a rule of a definition that cannot be evaluated here";
    DEFINITION_SHAPE = "WL0940", "not-a-definition", "a document of `schemas` that is not a CustomResourceDefinition";
    DEFINITION_NONE = "WL0941", "no-definition", "a pattern of `schemas` that names no definition";
    OBJECT_NAME = "WL0942", "object-name", "a name that an object of its kind cannot have";
    OBJECT_LABEL = "WL0943", "object-label", "a label or an annotation that Kubernetes does not take";
    OBJECT_SELECTOR = "WL0944", "object-selector", "a selector that cannot be, or does not match its own pods";
    OBJECT_CONTAINER = "WL0945", "object-container", "a container that the API server refuses";
    OBJECT_VOLUME = "WL0946", "object-volume", "a volume or mount that the API server refuses";
    OBJECT_PROBE = "WL0947", "object-probe", "a probe or lifecycle handler that the API server refuses";
    OBJECT_PORT = "WL0948", "object-port", "a port that the API server refuses";
    OBJECT_SCALER = "WL0949", "object-scaler", "an autoscaler that the API server refuses";
    OBJECT_BUDGET = "WL0950", "object-budget", "a disruption budget that the API server refuses";
    OBJECT_INGRESS = "WL0951", "object-ingress", "an Ingress that the API server refuses";
    OBJECT_NETWORK = "WL0952", "object-network", "a network policy that the API server refuses";
    OBJECT_DATA = "WL0953", "object-data", "data of a ConfigMap or Secret that the API server refuses";
    OBJECT_JOB = "WL0954", "object-job", "a Job or CronJob that the API server refuses";
    OBJECT_STORAGE = "WL0955", "object-storage", "a claim that the API server refuses";
    OBJECT_ROLLOUT = "WL0956", "object-rollout", "a workload whose rollout the API server refuses";
    OBJECT_ROLE = "WL0957", "object-role", "a rule of a role that the API server refuses";

    BUG = "WL0999", "bug-in-windlass", "the compiler made a mistake of its own";
}

/// Codes at whose place a secret may stand: what stands under their labels is never shown.
pub const CONCEALED: &[Code] = &[CREDENTIAL_LITERAL, CREDENTIAL_NAMED, SECRET_PLAIN, DELIVERY_LOGIN];
