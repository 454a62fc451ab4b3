// A form that was filled in and not sent: the browser asks before it is left.
"use strict";
document.querySelectorAll("form.guarded").forEach((form) => {
  let isChanged = false;
  const ask = (event) => {
    if (isChanged) event.preventDefault();
  };
  form.addEventListener("input", () => { isChanged = true; });
  form.addEventListener("submit", () => { isChanged = false; });
  window.addEventListener("beforeunload", ask);
});
