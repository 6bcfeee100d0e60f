// Buttons that copy the text of another element: <button data-copy="#id" hidden>Copy</button>.
// They are shown only where scripts run and the browser lets a page write to the clipboard.

async function copy(button) {
  const from = document.querySelector(button.dataset.copy);
  if (!from) return;
  const label = button.dataset.label ?? button.textContent;
  button.dataset.label = label;
  try {
    await navigator.clipboard.writeText(from.textContent.trim());
    button.textContent = "Copied";
  } catch {
    getSelection()?.selectAllChildren(from);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = label; }, 1500);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}
