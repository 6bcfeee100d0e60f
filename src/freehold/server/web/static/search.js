// Suggestions while somebody types into the search of the bar, and the key `/` that leads there.

const WAIT_MS = 140;
const EACH = 5;
const GROUPS = [
  ["models", "model", (item) => [item.id, `/${item.id}`]],
  ["datasets", "dataset", (item) => [item.id, `/datasets/${item.id}`]],
  ["spaces", "Space", (item) => [item.id, `/spaces/${item.id}`]],
  ["orgs", "organisation", (item) => [item.name, `/${item.name}`]],
  ["users", "user", (item) => [item.user, `/${item.user}`]],
];

class Suggestions {
  constructor(field) {
    this.field = field;
    this.chosen = -1;
    this.list = document.createElement("ul");
    this.list.className = "suggestions";
    this.list.id = "suggestions";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Suggestions");
    this.list.hidden = true;
    field.after(this.list);
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", this.list.id);
    field.setAttribute("aria-expanded", "false");
    field.addEventListener("input", () => this.wait());
    field.addEventListener("focus", () => this.open());
    field.addEventListener("keydown", (event) => this.press(event));
    field.form.addEventListener("focusout", (event) => {
      if (!field.form.contains(event.relatedTarget)) this.close();
    });
    // The field keeps the focus, so that a click does not close the list before it counts.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
  }

  wait() {
    clearTimeout(this.timer);
    this.asking?.abort();
    if (!this.field.value.trim()) {
      this.show([]);
      return;
    }
    this.timer = setTimeout(() => this.ask(), WAIT_MS);
  }

  async ask() {
    this.asking = new AbortController();
    const query = new URLSearchParams({ q: this.field.value.trim(), limit: EACH });
    try {
      const answer = await fetch(`/api/quicksearch?${query}`, { signal: this.asking.signal });
      if (answer.ok) this.show(read(await answer.json()));
    } catch (error) {
      // Whoever types on, or leaves, wants no suggestions for what was there before.
      if (error.name !== "AbortError" && !(error instanceof TypeError)) throw error;
    }
  }

  show(found) {
    const typed = this.field.value.trim();
    const all = { label: `Search for “${typed}”`, kind: "", path: `/search?${new URLSearchParams({ q: typed })}` };
    const items = typed ? [...found, all] : [];
    this.list.replaceChildren(...items.map(makeOption));
    this.choose(-1);
    this.open();
  }

  open() {
    const isOpen = this.list.childElementCount > 0 && document.activeElement === this.field;
    this.list.hidden = !isOpen;
    this.field.setAttribute("aria-expanded", String(isOpen));
  }

  close() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.list.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
    this.choose(-1);
  }

  choose(place) {
    const options = this.list.querySelectorAll("[role=option]");
    this.chosen = place;
    options.forEach((option, n) => option.setAttribute("aria-selected", String(n === place)));
    if (place < 0) {
      this.field.removeAttribute("aria-activedescendant");
    } else {
      this.field.setAttribute("aria-activedescendant", options[place].id);
      options[place].scrollIntoView({ block: "nearest" });
    }
  }

  press(event) {
    const options = this.list.querySelectorAll("[role=option]");
    if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!options.length) return;
      event.preventDefault();
      this.open();
      // One place more than there are options: that of what was typed.
      const places = options.length + 1;
      const step = event.key === "ArrowDown" ? 1 : places - 1;
      this.choose(((this.chosen + 1 + step) % places) - 1);
    } else if (event.key === "Enter" && !this.list.hidden && this.chosen >= 0) {
      event.preventDefault();
      options[this.chosen].click();
    }
  }
}

function read(answer) {
  return GROUPS.flatMap(([group, kind, describe]) =>
    answer[group].map((item) => {
      const [label, path] = describe(item);
      return { label, kind, path };
    }),
  );
}

function makeOption({ label, kind, path }, place) {
  const link = document.createElement("a");
  link.href = path;
  link.textContent = label;
  link.id = `suggestion-${place}`;
  link.tabIndex = -1;
  link.setAttribute("role", "option");
  link.setAttribute("aria-selected", "false");
  if (kind) {
    const note = document.createElement("span");
    note.className = "kind";
    note.textContent = kind;
    link.append(note);
  }
  const entry = document.createElement("li");
  entry.setAttribute("role", "presentation");
  entry.append(link);
  return entry;
}

const field = document.querySelector("[data-quicksearch]");
if (field) {
  new Suggestions(field);
}

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});
