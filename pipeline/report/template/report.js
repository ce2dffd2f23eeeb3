"use strict";
// The slider of a pair of pictures: the range input is its value, by key; the pointer sets it anywhere on the pair.
const show = (input) => input.parentElement.style.setProperty("--at", input.value + "%");

document.addEventListener("input", (event) => {
  if (event.target.matches(".pair input")) show(event.target);
});

const follow = (event) => {
  const pair = event.target.closest(".pair");
  if (!pair || !(event.buttons & 1)) return;
  const box = pair.getBoundingClientRect();
  const input = pair.querySelector("input");
  input.value = String((100 * (event.clientX - box.left)) / box.width);
  show(input);
  if (event.type === "pointerdown") {
    pair.setPointerCapture(event.pointerId);
    input.focus({ preventScroll: true, focusVisible: false });
    event.preventDefault();
  }
};
document.addEventListener("pointerdown", follow);
document.addEventListener("pointermove", follow);

// A frame of the filmstrip, when it is chosen, takes its place in the large pair.
document.addEventListener("click", (event) => {
  const button = event.target.closest(".film button");
  const [after, before] = document.querySelectorAll("#frame .pair img");
  if (!button || !before) return;
  [before.src, after.src] = Array.from(button.querySelectorAll("img"), (image) => image.src);
  document.querySelector("#number").textContent = button.value;
  document.querySelectorAll(".film button").forEach((one) => one.setAttribute("aria-pressed", one === button));
});

// A browser may keep the values of a page that is loaded again.
document.querySelectorAll(".pair input").forEach(show);

document.querySelectorAll("video").forEach((video) =>
  video.addEventListener("error", () => {
    video.parentElement.querySelector(".missing").hidden = false;
  })
);
