// Write and Preview tabs for fields in which Markdown is written.
//
// Contract:   <div data-preview="{{ home }}/preview"><textarea name="…"></textarea></div>
// What is written is sent to that address and comes back as the hub will show it. With
// `data-preview-card` as well it is read as a card: with HTML, formulas and front matter.
// The page loads this module in its block "scripts" and shows a signed-in viewer, because the
// token against forged requests is that of the page's head. Without scripts the field remains.

const token = document.querySelector('meta[name="csrf-token"]')?.content;

let made = 0;

function tab(label, panel, isChosen) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.setAttribute("role", "tab");
  button.setAttribute("aria-controls", panel.id);
  button.setAttribute("aria-selected", String(isChosen));
  button.tabIndex = isChosen ? 0 : -1;
  return button;
}

async function ask(place, text, isCard) {
  const body = new URLSearchParams({ csrf_token: token, text });
  if (isCard) body.set("card", "1");
  const answer = await fetch(place, { method: "POST", body });
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html").body;
}

function enhance(box) {
  const area = box.querySelector("textarea");
  if (!area || box.querySelector('[role="tablist"]')) return;
  made += 1;
  area.id ||= `preview-text-${made}`;
  const shown = document.createElement("div");
  shown.id = `preview-shown-${made}`;
  shown.className = "preview-shown";
  shown.setAttribute("role", "tabpanel");
  shown.setAttribute("aria-label", "Preview");
  shown.setAttribute("aria-live", "polite");
  shown.tabIndex = 0;
  shown.hidden = true;
  const tabs = document.createElement("div");
  tabs.className = "preview-tabs";
  tabs.setAttribute("role", "tablist");
  const write = tab("Write", area, true);
  const preview = tab("Preview", shown, false);
  tabs.append(write, preview);
  box.prepend(tabs);
  area.after(shown);
  box.classList.add("preview");

  let asked = null;
  async function fill() {
    if (asked === area.value) return;
    const text = (asked = area.value);
    shown.textContent = text.trim() ? "…" : "Nothing to preview.";
    if (!text.trim()) return;
    try {
      const body = await ask(box.dataset.preview, text, "previewCard" in box.dataset);
      if (asked === text) shown.replaceChildren(...body.childNodes);
    } catch {
      asked = null;
      shown.textContent = "There is no preview at the moment. Please try again.";
    }
  }

  function choose(isPreview) {
    // The page below must not jump.
    if (isPreview && area.offsetHeight) shown.style.minHeight = `${area.offsetHeight}px`;
    for (const [button, chosen] of [[write, !isPreview], [preview, isPreview]]) {
      button.setAttribute("aria-selected", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
    area.hidden = isPreview;
    shown.hidden = !isPreview;
    if (isPreview) fill();
  }

  write.addEventListener("click", () => { choose(false); area.focus(); });
  preview.addEventListener("click", () => choose(true));
  tabs.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const toPreview = area.hidden === false;
    choose(toPreview);
    (toPreview ? preview : write).focus();
  });
  // A browser can only point at what is wrong with a field that is there to be seen.
  area.addEventListener("invalid", () => choose(false));
}

if (token) document.querySelectorAll("[data-preview]").forEach(enhance);
