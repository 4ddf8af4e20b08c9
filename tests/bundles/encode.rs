//! Writes a bundle: like types are written once, in an order in which each stands after its parts.

use std::collections::{BTreeMap, HashMap};
use windlass::verify::schema::{
    Field, Format, Keys, Kind, ListType, More, Pattern, RecordType, Schemas, Served, TextType, Type, TypeId,
};

pub(crate) fn encode(schemas: &Schemas) -> Vec<u8> {
    let interned = Interner::of(schemas);
    let mut writer = Writer { out: Vec::new(), texts: BTreeMap::new(), counting: Some(BTreeMap::new()) };
    // First to count the texts: the most used get the shortest names.
    writer.body(&interned);
    let counted = writer.counting.take().unwrap_or_default();
    let mut texts: Vec<(String, usize)> = counted.into_iter().collect();
    texts.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
    writer.out.clear();
    writer.out.push(u8::from(schemas.null_is_absent));
    writer.number(texts.len() as u64);
    for (at, (text, _)) in texts.into_iter().enumerate() {
        writer.number(text.len() as u64);
        writer.out.extend(text.as_bytes());
        writer.texts.insert(text, at as u64);
    }
    writer.body(&interned);
    miniz_oxide::deflate::compress_to_vec(&writer.out, 10)
}

/// The types of some schemas, each once.
struct Interner<'a> {
    schemas: &'a Schemas,
    known: HashMap<TypeId, TypeId>,
    like: HashMap<String, TypeId>,
    types: Vec<Type>,
    links: Vec<(String, Vec<Served>)>,
    roots: Vec<(String, String, Vec<Served>)>,
}

impl<'a> Interner<'a> {
    fn of(schemas: &'a Schemas) -> Self {
        let mut interner = Self {
            schemas,
            known: HashMap::new(),
            like: HashMap::new(),
            types: Vec::new(),
            links: Vec::new(),
            roots: Vec::new(),
        };
        for (name, served) in &schemas.links {
            let served = interner.served(served);
            interner.links.push((name.to_string(), served));
        }
        for (root, served) in &schemas.roots {
            let served = interner.served(served);
            interner.roots.push((root.api_version.to_string(), root.kind.to_string(), served));
        }
        interner
    }

    /// Versions that follow each other and have the same schema are one.
    fn served(&mut self, served: &[Served]) -> Vec<Served> {
        let mut all: Vec<Served> = Vec::new();
        for served in served {
            let served = Served { schema: self.intern(served.schema), ..*served };
            match all.last_mut() {
                Some(last) if last.schema == served.schema && last.until + 1 == served.since => {
                    last.until = served.until;
                }
                _ => all.push(served),
            }
        }
        all
    }

    fn intern(&mut self, id: TypeId) -> TypeId {
        if let Some(known) = self.known.get(&id) {
            return *known;
        }
        let of = self.parts(&self.schemas.types[id as usize].clone());
        let like = format!("{of:?}");
        let next = TypeId::try_from(self.types.len()).expect("few types");
        let id_here = *self.like.entry(like).or_insert(next);
        if id_here == next {
            self.types.push(of);
        }
        self.known.insert(id, id_here);
        id_here
    }

    fn parts(&mut self, of: &Type) -> Type {
        let kind = match &of.kind {
            Kind::List(list) => Kind::List(ListType { of: self.intern(list.of), ..list.clone() }),
            Kind::Map { of, min, max } => Kind::Map { of: self.intern(*of), min: *min, max: *max },
            Kind::Record(record) => {
                let fields = record
                    .fields
                    .iter()
                    .map(|field| Field::new(field.name.clone(), self.intern(field.of), field.required));
                Kind::Record(RecordType { fields: fields.collect(), ..record.clone() })
            }
            // A pattern that was made is like one that was not.
            Kind::Text(text) => Kind::Text(TextType {
                pattern: text.pattern.as_ref().map(|pattern| Pattern::new(&pattern.text)),
                ..text.clone()
            }),
            other => other.clone(),
        };
        let more = of.more.as_ref().map(|more| {
            let mut all = |ids: &[TypeId]| ids.iter().map(|id| self.intern(*id)).collect();
            let (all_of, any_of, one_of) = (all(&more.all_of), all(&more.any_of), all(&more.one_of));
            let not = more.not.map(|id| self.intern(id));
            Box::new(More { all_of, any_of, one_of, not, ..(**more).clone() })
        });
        Type { kind, nullable: of.nullable, more }
    }
}

struct Writer {
    out: Vec<u8>,
    texts: BTreeMap<String, u64>,
    counting: Option<BTreeMap<String, usize>>,
}

impl Writer {
    fn body(&mut self, of: &Interner<'_>) {
        self.number(of.types.len() as u64);
        for of in &of.types {
            self.of_type(of);
        }
        self.number(of.links.len() as u64);
        for (name, served) in &of.links {
            self.text(name);
            self.served(served);
        }
        self.number(of.roots.len() as u64);
        for (api_version, kind, served) in &of.roots {
            self.text(api_version);
            self.text(kind);
            self.served(served);
        }
        self.number(of.schemas.rules.len() as u64);
        for (root, rules) in &of.schemas.rules {
            self.text(&root.api_version);
            self.text(&root.kind);
            let json = serde_json::to_vec(&rules.schema).expect("rules can be printed");
            self.number(json.len() as u64);
            self.out.extend(json);
        }
    }

    fn served(&mut self, served: &[Served]) {
        self.number(served.len() as u64);
        for served in served {
            self.out.extend([served.since, served.until]);
            self.number(served.schema.into());
            self.out.push(u8::from(served.of_cluster));
        }
    }

    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.out.push(low(number) | 0x80);
            number >>= 7;
        }
        self.out.push(low(number));
    }

    fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    fn limit(&mut self, limit: Option<u32>) {
        self.number(limit.map_or(0, |limit| u64::from(limit) + 1));
    }

    fn most(&mut self, most: u32) {
        self.limit((most != u32::MAX).then_some(most));
    }

    fn text(&mut self, text: &str) {
        if let Some(counting) = &mut self.counting {
            *counting.entry(text.to_owned()).or_default() += 1;
            return;
        }
        self.number(self.texts[text]);
    }

    fn texts(&mut self, texts: &[impl AsRef<str>]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|text| self.text(text.as_ref()));
    }

    fn of_type(&mut self, of: &Type) {
        let head = match &of.kind {
            Kind::Any => 0,
            Kind::Bool => 1,
            Kind::Integer { .. } => 2,
            Kind::Number { .. } => 3,
            Kind::Text(_) => 4,
            Kind::Quantity => 5,
            Kind::IntOrString => 6,
            Kind::List(_) => 7,
            Kind::Map { .. } => 8,
            Kind::Record(_) => 9,
            Kind::Link(_) => 10,
        };
        self.out.push(head | u8::from(of.nullable) << 5 | u8::from(of.more.is_some()) << 6);
        match &of.kind {
            Kind::Integer { min, max } => {
                self.signed(*min);
                self.signed(*max);
            }
            Kind::Number { min, max } => {
                self.out.extend(min.to_le_bytes());
                self.out.extend(max.to_le_bytes());
            }
            Kind::Text(text) => self.text_type(text),
            Kind::List(list) => self.list_type(list),
            Kind::Map { of, min, max } => {
                self.number((*of).into());
                self.number((*min).into());
                self.most(*max);
            }
            Kind::Record(record) => self.record_type(record),
            Kind::Link(name) => self.text(name),
            Kind::Any | Kind::Bool | Kind::Quantity | Kind::IntOrString => {}
        }
        if let Some(more) = &of.more {
            self.more(more);
        }
    }

    fn text_type(&mut self, text: &TextType) {
        self.texts(&text.words);
        match &text.pattern {
            None => self.number(0),
            Some(pattern) if self.counting.is_some() => self.text(&pattern.text),
            Some(pattern) => self.number(self.texts[pattern.text.as_str()] + 1),
        }
        let format = Format::ALL.iter().position(|format| *format == text.format).unwrap_or_default();
        self.number(format as u64);
        self.number(text.min.into());
        self.most(text.max);
    }

    fn list_type(&mut self, list: &ListType) {
        self.number(list.of.into());
        match &list.keys {
            Keys::None => self.out.push(0),
            Keys::Items => self.out.push(1),
            Keys::Fields(fields) => {
                self.out.push(2);
                self.texts(fields);
            }
        }
        self.number(list.min.into());
        self.most(list.max);
    }

    fn record_type(&mut self, record: &RecordType) {
        self.out.push(u8::from(record.open));
        self.number(record.min.into());
        self.limit(record.max);
        self.number(record.fields.len() as u64);
        for field in &record.fields {
            self.text(&field.name);
            self.number(u64::from(field.of) << 1 | u64::from(field.required));
        }
    }

    fn more(&mut self, more: &More) {
        for ids in [&more.all_of, &more.any_of, &more.one_of] {
            self.number(ids.len() as u64);
            ids.iter().for_each(|id| self.number((*id).into()));
        }
        self.limit(more.not);
        self.texts(&more.values);
        self.out.push(u8::from(more.multiple_of.is_some()));
        if let Some(step) = more.multiple_of {
            self.out.extend(step.to_le_bytes());
        }
    }
}

/// The lowest seven bits.
fn low(number: u64) -> u8 {
    number.to_le_bytes()[0] & 0x7f
}
