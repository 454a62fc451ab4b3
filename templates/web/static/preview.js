// The plan beside the form, drawn anew while somebody types.
"use strict";
(() => {
  const form = document.querySelector("form[data-preview]");
  const place = document.getElementById("preview");
  let timer = 0;
  let number = 0;
  let waiting = null;

  const filled = () => [...place.querySelectorAll("input:not([type=hidden]), select")];

  // What is filled in meanwhile is newer than the answer: it stays, and so does where one types.
  const put = (page) => {
    const before = filled().map((one) => ({ one, from: one.selectionStart, to: one.selectionEnd,
      isUsed: one === document.activeElement }));
    place.innerHTML = page;
    const after = filled();
    before.forEach(({ one, from, to, isUsed }) => {
      const isBox = one.type === "checkbox";
      const now = after.find((each) => each.name === one.name && (!isBox || each.value === one.value));
      if (!now) return;
      if (isBox) now.checked = one.checked;
      else if (!now.options || [...now.options].some((each) => each.value === one.value)) now.value = one.value;
      if (!isUsed) return;
      now.focus({ preventScroll: true });
      if (now.type === "text") now.setSelectionRange(from, to);
    });
  };

  const draw = async () => {
    const mine = ++number;
    const said = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.dataset.preview, { method: "POST", body: said, redirect: "manual" });
    const page = await answer.text();
    // Only the newest answer stands, and none of a page that was locked or left meanwhile.
    if (mine === number && (answer.ok || answer.status === 409 || answer.status === 422)) {
      put(page);
    }
  };
  const later = (event) => {
    // A tick is part of the preview itself: what is ticked is sent with the next one.
    if (event.target.closest("#preview") && event.target.tagName !== "SELECT") return;
    clearTimeout(timer);
    waiting = new Promise((done) => {
      timer = setTimeout(() => draw().finally(done), 400);
    });
  };
  form.addEventListener("input", later);
  form.addEventListener("submit", async (event) => {
    if (!waiting || event.submitter?.value !== "add") return;
    event.preventDefault();
    clearTimeout(timer);
    await draw();
    waiting = null;
    form.requestSubmit(event.submitter);
  });
})();
