//! The laws: what a model must satisfy before it is lowered.
//!
//! Promises: each law is one function that reports and changes nothing; [`LAWS`] is their order. One
//! mistake gives one finding. A model that came through without an error is [`Valid`], and only that
//! can be lowered.

mod affinity;
mod agents;
mod availability;
mod capacity;
mod catalogue;
mod cidr;
mod credential;
mod database;
mod delivery;
mod flagger;
mod gpu;
mod gpu_memory;
mod images;
mod jobs;
mod labels;
mod names;
mod network;
mod observe;
mod pace;
mod placement;
mod places;
mod ports;
mod probes;
mod progressive;
mod quota;
mod redis;
mod resources;
mod rollout;
mod routes;
mod scaling;
mod secrets;
mod security;
mod shutdown;
mod sidecars;
mod storage;
mod target;
mod variables;
mod vertical;
mod volumes;
mod waiting;

#[cfg(test)]
mod fixture;

use crate::diagnostic::Diagnostics;
use crate::diagnostic::Severity;
use crate::document::Findings;
use crate::model::Model;
use crate::spec::Tier;
use rayon::prelude::*;

/// A value that passed every check.
#[derive(Clone, Debug)]
pub struct Valid<T>(T);

impl<T> Valid<T> {
    /// The value, where it is no longer needed that it passed.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> std::ops::Deref for Valid<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// A law: it reports what breaks it, and changes nothing.
pub type Law = fn(&Model, &mut Findings<'_>);

/// Every law, in the order in which they report.
pub const LAWS: &[Law] = &[
    names::component_names_are_unique,
    names::names_leave_room_for_what_kubernetes_appends,
    names::deployment_names_leave_room_for_pod_names,
    names::service_names_are_unique,
    sidecars::container_names_are_unique,
    names::composed_names_are_unique,
    names::shared_accounts_are_equal,
    names::the_namespace_fits_a_label,
    names::the_namespace_is_not_the_clusters,
    names::namespaces_of_others_are_left_alone,
    names::config_names_leave_room_for_their_hash,
    labels::label_values_are_valid,
    labels::standard_labels_are_not_written,
    labels::annotations_fit_one_object,
    waiting::waits_do_not_go_in_circles,
    waiting::waits_come_to_an_end,
    variables::referenced_variables_exist,
    variables::variables_stand_before_their_use,
    images::images_do_not_float,
    images::image_volumes_do_not_float,
    images::pins_pin_an_image,
    secrets::no_text_holds_a_credential,
    secrets::no_text_stands_under_a_secret_name,
    security::non_root_containers_do_not_run_as_root,
    security::capabilities_exist,
    security::namespaces_are_as_strict_as_their_pods_allow,
    security::network_policies_hold_all_pods,
    agents::agents_reach_something,
    agents::production_agents_have_a_sandbox,
    resources::requests_are_within_limits,
    resources::devices_are_not_overcommitted,
    resources::huge_pages_are_whole,
    resources::bytes_are_whole,
    resources::cpu_is_counted_in_thousandths,
    resources::amounts_are_not_negative,
    resources::amounts_are_plausible,
    resources::containers_ask_for_cpu_and_memory,
    scaling::min_is_at_most_max,
    scaling::scaling_has_a_range,
    scaling::something_wakes_a_component_from_zero,
    scaling::utilisation_has_a_request,
    scaling::targets_can_be_passed,
    scaling::measured_containers_exist,
    scaling::floors_by_the_clock_are_within_max,
    scaling::metric_names_are_unique,
    scaling::metrics_of_pods_are_scraped,
    vertical::vertical_bounds_are_of_cpu_and_memory,
    vertical::vertical_and_horizontal_scaling_share_nothing,
    vertical::vertical_min_is_at_most_max,
    vertical::vertically_scaled_containers_exist,
    vertical::vertical_bounds_fit_a_node,
    pace::windows_are_within_an_hour,
    pace::periods_are_within_half_an_hour,
    pace::tolerances_are_supported,
    pace::below_stands_with_one_utilisation,
    pace::below_is_under_its_target,
    pace::doubling_is_told,
    availability::production_serves_from_two_replicas,
    availability::drains_can_go_on,
    availability::drains_leave_replicas,
    rollout::rollouts_can_move,
    progressive::fields_belong_to_the_strategy,
    progressive::steps_rise,
    progressive::two_versions_may_be_there,
    progressive::success_can_be_asked_for,
    progressive::versions_are_told_where_commits_do_the_steps,
    progressive::parts_of_controllers_are_told,
    flagger::flagger_can_do_it,
    flagger::flagger_moves_often_enough,
    progressive::canaries_by_pods_are_told,
    rollout::rollouts_leave_replicas,
    rollout::deadlines_cover_the_start,
    gpu::gpu_products_exist,
    gpu_memory::slices_are_single,
    gpu::gpus_fit_a_node,
    gpu::gpus_suffice_for_all_replicas,
    gpu::gpu_rollouts_find_a_spare_gpu,
    gpu_memory::pools_have_the_memory,
    gpu_memory::weights_fit_the_gpus,
    affinity::affinity_has_values_for_its_operators,
    placement::some_pool_takes_the_pods,
    placement::pods_fit_a_node,
    probes::what_serves_says_when_it_is_ready,
    probes::liveness_is_not_readiness,
    probes::only_readiness_counts_successes,
    probes::probes_end_before_the_next_is_due,
    probes::probed_ports_are_declared,
    probes::model_servers_have_a_startup_probe,
    probes::startup_budgets_cover_the_weights,
    shutdown::delays_are_within_the_grace_period,
    shutdown::there_is_time_to_drain,
    shutdown::grace_covers_the_longest_request,
    ports::port_names_are_unique,
    ports::service_ports_are_unique,
    ports::container_ports_are_unique,
    ports::node_ports_are_unique,
    ports::node_ports_have_their_type,
    ports::unprivileged_containers_listen_above_1024,
    network::headless_services_stay_inside,
    network::services_are_not_open_to_everyone,
    network::sources_are_seen,
    network::egress_has_addresses,
    network::weights_come_from_known_addresses,
    network::backups_go_to_known_addresses,
    network::externals_have_addresses,
    network::exceptions_lie_inside_their_range,
    routes::hosts_and_paths_are_unique,
    routes::an_ingress_can_express_the_route,
    routes::production_routes_have_tls,
    routes::routes_have_a_service,
    routes::route_paths_are_plain,
    volumes::mount_paths_are_unique,
    volumes::volume_names_are_unique,
    volumes::memory_volumes_fit_the_memory_limit,
    volumes::config_maps_fit_into_one_mebibyte,
    storage::volumes_have_space,
    storage::stores_keep_their_data,
    storage::disks_of_one_node_have_one_pod,
    storage::old_pods_give_up_their_disk,
    storage::shared_disks_reach_all_pods,
    database::synchronous_standbys_exist,
    database::backups_are_kept_for_whole_days,
    database::database_names_are_plain,
    database::operated_parameters_are_left_alone,
    redis::maxmemory_is_a_size,
    redis::maxmemory_is_within_the_limit,
    redis::kept_data_are_not_evicted,
    redis::production_redis_has_a_password,
    jobs::schedules_come_due,
    catalogue::previous_versions_are_others,
    catalogue::promotions_have_criteria,
    catalogue::catalogue_texts_fit,
    observe::somebody_reads_the_alerts,
    observe::somebody_shows_the_dashboards,
    observe::dashboard_titles_are_unique,
    observe::dashboards_have_panels,
    observe::dashboards_fit_one_object,
    jobs::failure_rules_can_be_kept,
    delivery::addresses_suit_the_tool,
    delivery::folders_are_those_of_the_output,
    delivery::deliveries_move,
    delivery::healing_goes_with_syncing,
    delivery::projects_bound_what_they_hold,
    delivery::somebody_opens_what_sops_encrypted,
    delivery::removal_jobs_stand_alone,
    target::pools_have_bounds,
    target::pools_leave_something_to_pods,
    quota::the_worst_case_is_within_the_quota,
];

/// Laws that say only what no other law has said: they see all findings before them.
pub const LAST: &[Law] = &[capacity::the_worst_case_fits_the_nodes];

/// Runs every law. The model is valid where no error was found, here or before.
///
/// `LAWS` do not see each other's findings, so they run at the same time; what they find is kept in their order.
pub fn check(model: Model, findings: &mut Findings<'_>) -> Option<Valid<Model>> {
    let root = findings.root();
    let found: Vec<Diagnostics> = LAWS
        .par_iter()
        .map(|law| {
            let mut own = Findings::new(root);
            law(&model, &mut own);
            own.found
        })
        .collect();
    found.into_iter().for_each(|found| findings.found.extend(found));
    LAST.iter().for_each(|law| law(&model, findings));
    findings.settle();
    (!findings.found.has_errors()).then_some(Valid(model))
}

/// The weight of a known outage or security risk: an error in production, a warning elsewhere.
fn risk(model: &Model) -> Severity {
    if model.tier == Tier::Production { Severity::Error } else { Severity::Warning }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_keeps_all_laws_is_valid() {
        let root = fixture::document(&serde_json::json!({}));
        let mut findings = Findings::new(&root);
        let valid = check(fixture::model(), &mut findings);
        let found: Vec<_> = findings.found.iter().map(|finding| (finding.code.name, &finding.path)).collect();
        assert!(valid.is_some() && found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_model_that_breaks_a_law_is_not_valid() {
        let root = fixture::document(&serde_json::json!({}));
        let mut findings = Findings::new(&root);
        let mut model = fixture::model();
        fixture::scale(&mut model).min = 20;
        assert!(check(model, &mut findings).is_none());
    }

    #[test]
    fn warnings_do_not_stop() {
        let root = fixture::document(&serde_json::json!({}));
        let mut findings = Findings::new(&root);
        let mut model = fixture::model();
        fixture::main(&mut model).probes.ready = None;
        assert!(check(model, &mut findings).is_some());
        assert!(!findings.found.is_empty());
    }
}
