//! Components by key, in delivery order.

use super::Component;
use indexmap::IndexMap;

/// Components by key, in an order of their own. Each lies beside the map, which so grows and moves cheaply: a
/// component is several kilobytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Components(IndexMap<String, Box<Component>>);

impl Components {
    pub fn get(&self, key: &str) -> Option<&Component> {
        self.0.get(key).map(|component| &**component)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Component> {
        self.0.get_mut(key).map(|component| &mut **component)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&String, &Component)> + Clone {
        self.0.iter().map(|(key, component)| (key, &**component))
    }

    pub fn keys(&self) -> impl Iterator<Item = &String> + Clone {
        self.0.keys()
    }

    pub fn values(&self) -> impl Iterator<Item = &Component> + Clone {
        self.0.values().map(|component| &**component)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Component> {
        self.0.values_mut().map(|component| &mut **component)
    }

    /// Puts a component at the end, or in the place of the one with its key.
    pub fn insert(&mut self, key: String, component: Component) {
        self.0.insert(key, Box::new(component));
    }

    /// The component of the key; this one at the end where there is none.
    pub fn get_or_insert(&mut self, key: String, component: Component) -> &mut Component {
        self.0.entry(key).or_insert_with(|| Box::new(component))
    }
}

impl std::ops::Index<&str> for Components {
    type Output = Component;
    fn index(&self, key: &str) -> &Component {
        &self.0[key]
    }
}

impl std::ops::IndexMut<&str> for Components {
    fn index_mut(&mut self, key: &str) -> &mut Component {
        &mut self.0[key]
    }
}

impl FromIterator<(String, Box<Component>)> for Components {
    fn from_iter<I: IntoIterator<Item = (String, Box<Component>)>>(components: I) -> Self {
        Self(components.into_iter().collect())
    }
}

impl FromIterator<(String, Component)> for Components {
    fn from_iter<I: IntoIterator<Item = (String, Component)>>(components: I) -> Self {
        components.into_iter().map(|(key, component)| (key, Box::new(component))).collect()
    }
}
