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

// A browser may keep the values of a page that is loaded again.
document.querySelectorAll(".pair input").forEach(show);

document.querySelectorAll("video").forEach((video) =>
  video.addEventListener("error", () => {
    video.parentElement.querySelector(".missing").hidden = false;
  })
);
