//! Patches: changes to emitted objects that the language has no field for.

use super::{Free, Literal, Named, PartKey, Text, record, words};

/// Patches by name.
pub type Patches = Named<PartKey, Patch>;

record! {
    /// A change to an emitted object, for what the language has no field for.
    pub struct Patch as "patch" {
        /// The objects that it changes.
        req target "target": PatchTarget,
        /// A partial object to lay over: strategic for kinds that Kubernetes brings, RFC 7386 for others.
        opt merge "merge": Free,
        /// Operations of RFC 6902, in their order.
        opt json "json": Vec<Operation>,
        /// `true`: no mistake where the object is not emitted for a target.
        opt optional "optional": bool,
    }
    forms ["merge", "json"]
}

record! {
    /// Which objects a patch changes.
    pub struct PatchTarget as "target of a patch" {
        /// The kind of the object.
        req kind "kind": Text,
        /// Its name; all of that kind unless written.
        opt name "name": Text,
    }
}

record! {
    /// An operation of RFC 6902.
    pub struct Operation as "operation" {
        /// What it does.
        req op "op": OperationKind,
        /// Where, as a JSON pointer: `/spec/template/spec/hostAliases`.
        req path "path": Literal,
        /// Where from, for `move` and `copy`.
        opt from "from": Literal,
        /// The value, for `add`, `replace` and `test`.
        opt value "value": Free,
    }
}

words! {
    /// What an operation does.
    pub enum OperationKind {
        /// Puts a value at a path.
        Add = "add",
        /// Takes the value at a path away.
        Remove = "remove",
        /// Puts a value in the place of another.
        Replace = "replace",
        /// Moves a value.
        Move = "move",
        /// Copies a value.
        Copy = "copy",
        /// Stops where the value is another.
        Test = "test",
    }
}
