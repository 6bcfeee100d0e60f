// A field above long lists of branches and tags: what is typed leaves only those that have it.

const FEW = 8;

function addField(list) {
  const links = [...list.querySelectorAll("a")].slice(0, -1);
  if (links.length < FEW) return;
  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = "Find a branch or tag";
  field.setAttribute("aria-label", field.placeholder);
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const link of links) link.hidden = !link.textContent.toLowerCase().includes(wanted);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") links.find((link) => !link.hidden)?.click();
  });
  list.prepend(field);
  list.closest("details")?.addEventListener("toggle", () => field.focus());
}

for (const list of document.querySelectorAll("[data-refs]")) addField(list);

// Menus close when something else is clicked, or with Escape.
addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
