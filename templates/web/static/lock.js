// A page that nobody uses is hidden and locked; the password brings it back as it was.
"use strict";
(() => {
  const cover = document.getElementById("locked");
  const seconds = Number(cover.dataset.idle);
  const [form] = cover.getElementsByTagName("form");
  const others = () => [...document.body.children].filter((one) => one !== cover);
  let since = Date.now();
  let asked = since;

  const show = (isLocked) => {
    cover.hidden = !isLocked;
    others().forEach((one) => { one.inert = isLocked; one.hidden = isLocked; });
    if (isLocked) form.querySelector("input:not([readonly]), button").focus();
  };
  const lock = async () => {
    show(true);
    await fetch(document.getElementById("lock-form").action, { method: "POST" });
  };
  ["keydown", "pointerdown", "input"].forEach((kind) =>
    document.addEventListener(kind, () => { since = Date.now(); }));
  setInterval(() => {
    if (cover.hidden && Date.now() - since > seconds * 1000) lock();
    // What is typed into a form counts as use, and the register knows nothing of it.
    else if (cover.hidden && since > asked && Date.now() - asked > 60000) {
      asked = Date.now();
      fetch("/account", { method: "HEAD" });
    }
  }, 1000);
  document.getElementById("lock-form").addEventListener("submit", (event) => {
    event.preventDefault();
    lock();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = new URLSearchParams(new FormData(form));
    said.set("stay", "yes");
    const answer = await fetch(form.action, { method: "POST", body: said, redirect: "manual" });
    const problem = document.getElementById("unlock-problem");
    form.reset();
    // Nothing but this says that the lock is open: without a session one is sent to sign in.
    if (answer.status === 204) {
      problem.textContent = "";
      since = Date.now();
      show(false);
    } else if (answer.type === "opaqueredirect") {
      window.location.replace("/login");
    } else {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const told = page.querySelector("[role=alert]");
      // Another session, or none: what is on this page is not for whoever comes.
      if (told) problem.textContent = told.textContent.trim();
      else window.location.replace("/login");
    }
  });
  // Signed out in another tab: this one shows nothing any more.
  const channel = new BroadcastChannel("planner");
  channel.onmessage = () => window.location.replace("/login");
  document.querySelectorAll("form[action$='/logout']").forEach((one) =>
    one.addEventListener("submit", () => channel.postMessage("signed out")));
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });
})();
