// Buttons that copy the text of another element: <button data-copy="#id" hidden>Copy</button>.
// They are shown only where scripts run. Where the browser has no clipboard for pages, as without
// https, the text is selected to be copied by hand.

async function copy(button) {
  const from = document.querySelector(button.dataset.copy);
  if (!from) return;
  const label = button.dataset.label ?? button.textContent;
  button.dataset.label = label;
  try {
    await navigator.clipboard.writeText((from.value ?? from.textContent).trim());
    button.textContent = "Copied";
  } catch {
    if (from.select) from.select();
    else getSelection()?.selectAllChildren(from);
    button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
  }
  setTimeout(() => { button.textContent = label; }, 1500);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}
