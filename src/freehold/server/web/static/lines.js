// Ranges of lines: #L10-L20 marks them, and a click with Shift on a number makes a range.

const box = document.querySelector("[data-lines]");

function read(hash) {
  const found = /^#L(\d+)(?:-L(\d+))?$/.exec(hash);
  if (!found) return null;
  const [first, last] = [Number(found[1]), Number(found[2] ?? found[1])];
  return [Math.min(first, last), Math.max(first, last)];
}

function mark(scrolls) {
  for (const line of box.querySelectorAll(".marked")) line.classList.remove("marked");
  const range = read(location.hash);
  if (!range) return;
  const first = document.getElementById(`L${range[0]}`);
  for (let line = first; line && Number(line.id.slice(1)) <= range[1]; line = next(line)) {
    line.classList.add("marked");
  }
  if (scrolls && range[0] !== range[1]) first?.scrollIntoView();
}

function next(line) {
  return document.getElementById(`L${Number(line.id.slice(1)) + 1}`);
}

function choose(event) {
  const number = event.target.closest("a[data-n]")?.dataset.n;
  const range = read(location.hash);
  if (!number || !event.shiftKey || !range) return;
  event.preventDefault();
  const [first, last] = [range[0], Number(number)].sort((one, other) => one - other);
  history.replaceState(null, "", `#L${first}-L${last}`);
  mark(false);
}

if (box) {
  box.addEventListener("click", choose);
  addEventListener("hashchange", () => mark(true));
  mark(true);
}
