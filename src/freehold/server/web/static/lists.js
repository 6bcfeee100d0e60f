// A list that follows what is typed: the same page is asked for, and its results take the place of
// those that are shown.

const WAIT_MS = 180;
const PARTS = ["results", "facets"];

const form = document.querySelector("form[data-list]");
let timer;
let asking;

form?.addEventListener("input", (event) => {
  clearTimeout(timer);
  timer = setTimeout(follow, event.target.type === "search" ? WAIT_MS : 0);
});
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(timer);
  follow();
});

async function follow() {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const address = addressOf(form);
  document.getElementById("results").setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { signal, headers: { Accept: "text/html" } });
    const text = await answer.text();
    if (!answer.ok) {
      window.location.assign(address);
      return;
    }
    if (signal.aborted) return;
    show(new DOMParser().parseFromString(text, "text/html"));
    history.replaceState(null, "", address);
  } catch (error) {
    // A newer question took the place of this one.
    if (error.name !== "AbortError") window.location.assign(address);
  }
}

function addressOf(form) {
  const given = [...new FormData(form)].filter(([name, value]) => {
    return value && !(name === "sort" && value === "trending");
  });
  const query = new URLSearchParams(given).toString();
  return query ? `${form.getAttribute("action")}?${query}` : form.getAttribute("action");
}

function show(page) {
  for (const id of PARTS) {
    const part = document.getElementById(id);
    // Whoever is in the facets with the keyboard stays there.
    if (part.contains(document.activeElement)) continue;
    part.replaceWith(document.adoptNode(page.getElementById(id)));
  }
  watchChoices();
  document.getElementById("told").textContent = page.getElementById("told").textContent;
}

// The choices of one facet that have what is typed in their names.
function watchChoices() {
  const find = document.querySelector("[data-facet-find]");
  const choices = document.querySelectorAll("[data-choices] > li");
  find?.addEventListener("input", () => {
    const part = find.value.trim().toLowerCase();
    for (const choice of choices) {
      choice.hidden = !choice.textContent.toLowerCase().includes(part);
    }
  });
}

watchChoices();
