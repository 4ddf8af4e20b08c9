"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const by = (id) => document.getElementById(id);
  const BATCH = 100;
  const OPEN = 25;

  /* Text is only ever put in as text. */
  const el = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
    return element;
  };
  const kept = (name, value) => {
    try {
      if (value === undefined) return localStorage.getItem("windlass-" + name);
      localStorage.setItem("windlass-" + name, value);
    } catch { /* A page from a file may have no store. */ }
    return null;
  };
  const plural = (count, noun) => count + " " + noun + (count === 1 ? "" : "s");

  /* What is searched in. */
  const words = (...parts) => parts.flat().filter(Boolean).join("\n").toLowerCase();
  for (const risk of data.risks) risk.text = words(risk.objects, risk.class, risk.rule, risk.what, risk.field, risk.reason, risk.causes, risk.before, risk.after);
  for (const object of data.objects) object.text = words(object.kind, object.name, object.origin, object.component, object.paths);

  /* Filters: nothing chosen in a list means all of it. */
  const chosen = { environment: new Set(), class: new Set(), kind: new Set() };
  const any = (set, values) => set.size === 0 || values.some((value) => set.has(value));
  const matches = (item) => any(chosen.environment, item.environments) && any(chosen.class, item.classes || [item.class]) && any(chosen.kind, item.kinds || [item.kind]) && (!query || item.text.includes(query));
  let query = "";

  const counted = (values) => {
    const counts = new Map();
    for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
    return counts;
  };
  const facet = (key, title, options) => {
    if (options.length < 2) return null;
    const box = ([value, label, count, style]) => {
      const input = el("input", { type: "checkbox" });
      input.addEventListener("change", () => {
        if (input.checked) chosen[key].add(value); else chosen[key].delete(value);
        show();
      });
      return el("label", {}, input, el("span", { class: style, title: label }, label), el("small", {}, String(count)));
    };
    return el("fieldset", {}, el("legend", {}, title), options.map(box));
  };
  const facets = () => {
    const of = (list, key) => counted(list.flatMap((item) => item[key]));
    const everything = [...data.risks, ...data.objects];
    const environments = of(everything, "environments");
    const classes = of(data.risks, "class");
    const kinds = of(data.objects, "kind");
    const known = data.classes.filter((word) => classes.has(word));
    return [
      facet("environment", "Environment", data.environments.map((name, at) => [at, name, environments.get(at) || 0])),
      facet("class", "Risk", known.map((word) => [word, word, classes.get(word), word])),
      facet("kind", "Kind", [...kinds.keys()].sort().map((kind) => [kind, kind, kinds.get(kind)])),
    ].filter(Boolean);
  };

  const chips = (environments) => data.environments.length < 2 ? null : el("span", { class: "chips" }, environments.map((at) => el("span", { class: "chip", title: data.environments[at] }, data.environments[at])));
  /* A value in parts: the odd ones are not the same on the other side. */
  const parts = (value, tag) => typeof value === "string" ? [value] : value.map((part, at) => at % 2 ? el(tag, {}, part) : part);
  const prose = (text) => text.split("`").map((part, at, all) => all.length % 2 === 0 ? (at ? "`" + part : part) : at % 2 === 0 ? part : part === "" ? "``" : el("code", {}, part));
  const values = (before, after) => {
    if (before === null && after === null) return null;
    if (before !== null && after !== null && String(before) === String(after)) return el("span", { class: "faint" }, "changed");
    return el("span", { class: "values" },
      before === null ? null : el("code", { class: "old" }, parts(before, "del")),
      before === null || after === null ? null : " → ",
      after === null ? null : el("code", { class: "new" }, parts(after, "ins")));
  };

  const risk = (item) => {
    const rows = [
      item.field || item.before !== null || item.after !== null ? ["field", el("span", {}, item.field ? el("code", {}, item.field) : "", item.field ? " " : "", values(item.before, item.after))] : null,
      item.reason ? ["why", prose(item.reason)] : null,
      item.help ? ["help", prose(item.help)] : null,
      ...item.causes.map((cause) => ["at", el("code", {}, cause)]),
      item.verdict && !item.stops ? ["policy", el("span", { class: "acknowledged" }, item.verdict)] : null,
      item.objects.length > 4 ? ["objects", item.objects.slice(0, 500).join(", ") + (item.objects.length > 500 ? " and " + (item.objects.length - 500) + " more" : "")] : null,
    ].filter(Boolean);
    const head = item.objects.length > 4 ? item.objects.slice(0, 3).join(", ") + " and " + (item.objects.length - 3) + " more" : item.objects.join(", ");
    const summary = el("summary", {},
      el("span", { class: "word " + item.class }, item.class),
      el("span", { class: "name" }, head),
      el("span", { class: "grow" }, prose(item.what)),
      item.stops ? el("span", { class: "stop word" }, item.verdict) : null,
      chips(item.environments));
    const body = el("div", { class: "body" }, el("dl", {}, rows.map(([term, value]) => [el("dt", {}, term), el("dd", {}, value)])));
    return el("li", {}, rows.length ? el("details", { open: item.open }, summary, body) : el("details", {}, summary));
  };

  /* Lines of a change: a string, or a sign and parts of which every other one differs. */
  const sign = (line) => typeof line === "string" ? line[0] : line[0][0];
  const content = (line, tag) => typeof line === "string" ? [line.slice(1)] : parts(line.slice(1), tag);
  const cell = (style, ...children) => el("td", { class: style }, ...children);
  const row = (style, ...cells) => el("tr", { class: style }, ...cells);
  const gap = (hunk, first, columns) => first && hunk.old === 1 && hunk.new === 1 ? null : row("gap", el("td", { colspan: columns }, "line " + hunk.new));
  const unified = (hunk, first) => {
    const rows = [gap(hunk, first, 4)];
    let [old, now] = [hunk.old, hunk.new];
    for (const line of hunk.lines) {
      const at = sign(line);
      if (at === "-") rows.push(row("del", cell("n", String(old++)), cell("n"), cell("s", "-"), cell("", content(line, "del"))));
      else if (at === "+") rows.push(row("add", cell("n"), cell("n", String(now++)), cell("s", "+"), cell("", content(line, "ins"))));
      else rows.push(row("", cell("n", String(old++)), cell("n", String(now++)), cell("s"), cell("", content(line))));
    }
    return rows;
  };
  const split = (hunk, first) => {
    const rows = [gap(hunk, first, 4)];
    let [old, now, gone, come] = [hunk.old, hunk.new, [], []];
    const flush = () => {
      for (let at = 0; at < Math.max(gone.length, come.length); at += 1) {
        const left = gone[at] === undefined ? [cell("n none"), cell("none")] : [cell("n del", String(old++)), cell("del", content(gone[at], "del"))];
        const right = come[at] === undefined ? [cell("n none half"), cell("none")] : [cell("n add half", String(now++)), cell("add", content(come[at], "ins"))];
        rows.push(row("", ...left, ...right));
      }
      [gone, come] = [[], []];
    };
    for (const line of hunk.lines) {
      const at = sign(line);
      if (at === "-") gone.push(line);
      else if (at === "+") come.push(line);
      else {
        flush();
        rows.push(row("", cell("n", String(old++)), cell("", content(line)), cell("n half", String(now++)), cell("", content(line))));
      }
    }
    flush();
    return rows;
  };
  const columns = (isSplit) => el("colgroup", {}, (isSplit ? ["n", "", "n", ""] : ["n", "n", "s", ""]).map((style) => el("col", { class: style })));
  const diff = (item) => {
    const both = item.how !== "added" && item.how !== "removed";
    const isSplit = view === "split" && both;
    const rows = item.hunks.flatMap((hunk, at) => (isSplit ? split : unified)(hunk, at === 0)).filter(Boolean);
    const table = rows.length ? el("div", { class: "diff" + (isSplit ? " split" : "") }, el("table", { "aria-label": "Changes of " + item.kind + " " + item.name }, columns(isSplit), el("tbody", {}, rows))) : null;
    return [table, item.tail ? el("div", { class: "tail" }, item.tail) : null];
  };
  const object = (item) => {
    const style = item.how === "added" || item.how === "removed" ? item.how : "changed";
    const summary = el("summary", {},
      el("span", { class: "sign " + style, "aria-hidden": "true" }, item.sign),
      el("span", { class: "name" }, item.title),
      el("span", { class: "grow faint" }, [item.how === "changed" ? plural(item.fields, "field") : item.how, item.origin].filter(Boolean).join(", ")),
      item.classes.filter((word) => word !== "config" && word !== "metadata").map((word) => el("span", { class: "word " + word }, word)),
      chips(item.environments));
    const details = el("details", {}, summary);
    const fill = () => {
      if (!details.open || details.dataset.view === view) return;
      details.replaceChildren(summary, ...diff(item).filter(Boolean));
      details.dataset.view = view;
    };
    details.addEventListener("toggle", fill);
    details.fill = fill;
    if (openAll === null ? data.objects.length <= OPEN : openAll) details.open = true;
    return el("li", {}, details);
  };

  /* Lists are filled as the reader comes near their end. */
  class List {
    constructor(section, items, make) {
      Object.assign(this, { section, items, make, shown: 0, found: [] });
      this.element = section.querySelector(".items");
      this.end = el("div", {});
      this.element.after(this.end);
      new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.more(), { rootMargin: "1200px" }).observe(this.end);
    }
    filter() {
      this.found = this.items.filter(matches);
      this.shown = 0;
      this.element.replaceChildren();
      const all = this.found.length === this.items.length;
      this.section.querySelector(".count").textContent = all ? String(this.items.length) : this.found.length + " of " + this.items.length;
      this.section.hidden = this.found.length === 0;
      this.more();
    }
    more(all) {
      const upTo = all ? this.found.length : Math.min(this.shown + BATCH, this.found.length);
      if (upTo === this.shown) return;
      const batch = document.createDocumentFragment();
      for (; this.shown < upTo; this.shown += 1) batch.append(this.make(this.found[this.shown]));
      this.element.append(batch);
    }
  }

  let view = kept("view") === "split" ? "split" : "unified";
  let openAll = null;
  const lists = [new List(by("risks"), data.risks, risk), new List(by("objects"), data.objects, object)];

  const shared = () => {
    const objects = by("objects");
    const fits = data.shared.filter((item) => any(chosen.environment, item.environments) && !query && chosen.kind.size === 0 && chosen.class.size === 0);
    objects.querySelector(".shared").replaceChildren(...fits.slice(0, 200).map((item) => el("li", {}, "in " + plural(item.count, "object") + ": ", el("code", {}, item.field), " ", values(item.before, item.after) || "in another order", " ", chips(item.environments))));
    const rest = objects.querySelector(".rest");
    rest.textContent = data.folded;
    rest.hidden = !data.folded || fits.length === 0;
    if (fits.length) objects.hidden = false;
  };
  const delivery = () => {
    const section = by("delivery");
    section.querySelectorAll("h3, ol").forEach((old) => old.remove());
    const fits = data.deliveries.filter((item) => any(chosen.environment, item.environments));
    for (const item of fits) {
      const wave = (of, at) => el("li", {}, el("b", { class: "step" }, String(at + 1)), el("b", {}, of.phase), " ", el("span", { class: "name" }, of.objects),
        of.waits.map((wait) => el("div", { class: "faint" }, "waits: ", prose(wait))),
        of.halfway ? el("span", { class: "stop" }, "if it stops here: ", prose(of.halfway)) : null);
      if (data.environments.length > 1) section.append(el("h3", {}, item.environments.map((at) => data.environments[at]).join(", ")));
      section.append(el("ol", { class: "waves" }, item.waves.map(wave)));
    }
    section.hidden = fits.length === 0;
  };
  const show = () => {
    lists.forEach((list) => list.filter());
    shared();
    delivery();
    const [risks, objects] = lists.map((list) => list.found.length);
    const filtered = query || Object.values(chosen).some((set) => set.size);
    by("nothing").hidden = risks + objects > 0 || !filtered;
    by("status").textContent = filtered ? plural(risks, "risk") + " and " + plural(objects, "object") + " match" : "";
    near = null;
  };

  /* The item that the keys are at. */
  let near = null;
  const go = (step) => {
    const all = () => [...document.querySelectorAll("#risks:not([hidden]) .items > li, #objects:not([hidden]) .items > li")];
    let items = all();
    let at = near ? items.indexOf(near) : -1;
    if (step > 0 && at + 1 >= items.length) {
      lists.forEach((list) => list.more());
      items = all();
    }
    at = near ? Math.max(0, Math.min(items.length - 1, at + step)) : 0;
    if (!items[at]) return;
    if (near) near.classList.remove("near");
    near = items[at];
    near.classList.add("near");
    near.querySelector("summary").focus({ preventScroll: true });
    near.scrollIntoView({ block: "nearest" });
  };

  const look = (to) => {
    view = to;
    kept("view", to);
    by("unified").setAttribute("aria-pressed", String(to === "unified"));
    by("split").setAttribute("aria-pressed", String(to === "split"));
    document.querySelectorAll("#objects details").forEach((details) => details.fill());
  };
  const toggleAll = () => {
    const open = document.querySelector("#objects details[open]") === null;
    openAll = open;
    document.querySelectorAll("#objects details").forEach((details) => { details.open = open; });
    label();
  };
  const label = () => { by("all").textContent = document.querySelector("#objects details[open]") ? "Close all" : "Open all"; };
  const isDark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const paint = () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    kept("theme", theme);
  };
  const clear = () => {
    query = by("search").value = "";
    Object.values(chosen).forEach((set) => set.clear());
    document.querySelectorAll("#facets input").forEach((input) => { input.checked = false; });
    show();
  };

  const keys = {
    j: () => go(1), k: () => go(-1), e: toggleAll, t: paint, u: () => look("unified"), s: () => look("split"),
    "/": () => { by("search").focus(); by("search").select(); },
    "?": () => by("keys").showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || by("keys").open) return;
    const inText = event.target.id === "search";
    if (event.key === "Escape" && inText) {
      query = by("search").value = "";
      by("search").blur();
      show();
    } else if (!inText && keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  let waiting = 0;
  by("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { query = by("search").value.trim().toLowerCase(); show(); }, 80);
  });
  by("unified").addEventListener("click", () => look("unified"));
  by("split").addEventListener("click", () => look("split"));
  by("theme").addEventListener("click", paint);
  by("help").addEventListener("click", keys["?"]);
  by("all").addEventListener("click", toggleAll);
  by("clear").addEventListener("click", clear);
  by("objects").addEventListener("toggle", label, true);
  /* Paper has no folds; a very long list keeps them. */
  addEventListener("beforeprint", () => {
    lists.forEach((list) => list.more(true));
    if (lists[1].found.length <= 500) document.querySelectorAll("details").forEach((details) => { details.open = true; if (details.fill) details.fill(); });
  });

  const theme = kept("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  const choices = facets();
  by("facets").append(...choices);
  by("filters").hidden = choices.length === 0;
  if (matchMedia("(max-width: 900px)").matches) by("filters").open = false;
  look(view);
  show();
  label();
})();
