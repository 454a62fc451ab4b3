// A form that was filled in and not sent: the browser asks before it is left.
"use strict";
document.querySelectorAll("form.guarded").forEach((form) => {
  // What was looked at and not written yet is as unsent as what was typed.
  let isChanged = "unsent" in form.dataset;
  const ask = (event) => {
    if (isChanged) event.preventDefault();
  };
  form.addEventListener("input", () => { isChanged = true; });
  form.addEventListener("submit", () => { isChanged = false; });
  window.addEventListener("beforeunload", ask);
});
