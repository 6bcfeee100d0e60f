// The text field for a file: wrapping, the Tab key, and a warning before what was written is lost.

function enhance(form) {
  const area = form.querySelector("textarea.editor");
  const tools = form.querySelector("[data-editor-tools]");
  const wrap = tools.querySelector("[data-editor-wrap]");
  const indent = tools.querySelector("[data-editor-indent]");
  const hint = tools.querySelector("[data-editor-hint]");
  tools.hidden = false;

  const setWrap = () => { area.wrap = wrap.checked ? "soft" : "off"; };
  wrap.addEventListener("change", setWrap);
  setWrap();

  // Only who asked for it has a Tab key that indents, and Escape gives it back once: so nobody
  // who has no mouse is held in the field.
  let leaves = false;
  const setIndent = () => { hint.hidden = !indent.checked; };
  indent.addEventListener("change", setIndent);
  setIndent();
  area.addEventListener("focus", () => { leaves = false; });
  area.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { leaves = true; return; }
    if (event.key !== "Tab" || !indent.checked || leaves) return;
    if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    insert(area, /^\t/m.test(area.value) ? "\t" : "  ");
  });

  const before = snapshot(form);
  let isSent = false;
  form.addEventListener("submit", () => { isSent = true; });
  addEventListener("pageshow", () => { isSent = false; });
  addEventListener("beforeunload", (event) => {
    if (!isSent && snapshot(form) !== before) event.preventDefault();
  });
}

// The deprecated call alone keeps the browser's own list of what can be undone.
function insert(area, text) {
  if (document.execCommand("insertText", false, text)) return;
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

function snapshot(form) {
  return JSON.stringify(["path", "text", "title", "description"].map((name) => form.elements[name].value));
}

document.querySelectorAll("[data-editor]").forEach(enhance);
