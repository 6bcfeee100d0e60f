// Choosing the picture of an account or an organisation.

const SIDE = 400;

for (const place of document.querySelectorAll("[data-picture]")) {
  const input = place.querySelector("input[type=file]");
  const remove = place.querySelector("[data-picture-remove]");
  input.disabled = false;
  input.addEventListener("change", () => {
    if (input.files.length) change(place, () => prepare(input.files[0]), "PUT");
  });
  if (remove) {
    remove.disabled = false;
    remove.addEventListener("click", () => change(place, () => undefined, "DELETE"));
  }
}

async function change(place, makeBody, method) {
  const told = place.querySelector("[data-picture-told]");
  told.textContent = "Sending…";
  try {
    await send(place.dataset.picture, method, await makeBody());
    // Browsers keep a picture for a while: this makes them ask again.
    await fetch(place.querySelector("img").src, { cache: "reload" });
    location.reload();
  } catch (error) {
    told.textContent = error.message;
  }
}

async function send(path, method, body) {
  const token = document.querySelector("meta[name=csrf-token]").content;
  const answer = await fetch(path, { method, body, headers: { "X-CSRF-Token": token } });
  if (!answer.ok) {
    throw new Error(answer.headers.get("X-Error-Message") || "The picture was not accepted.");
  }
}

// The middle of the picture as a square, small enough for everywhere.
async function prepare(file) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new Error("This file is no picture that the browser can read.");
  }
  const side = Math.min(picture.width, picture.height);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.min(SIDE, side);
  const left = (picture.width - side) / 2;
  const top = (picture.height - side) / 2;
  const target = canvas.getContext("2d");
  target.imageSmoothingQuality = "high";
  target.drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
