// Links from elsewhere name the headings of a card without the prefix that keeps their ids apart
// from those of the page: "#usage" leads to "card-usage".

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function follow() {
  const name = decode(location.hash.slice(1));
  if (!name || document.getElementById(name)) return;
  document.getElementById(`card-${name}`)?.scrollIntoView();
}

addEventListener("hashchange", follow);
follow();
