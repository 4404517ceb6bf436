// Waits until the code on the page was used, or has ended.
"use strict";
(() => {
  const code = document.getElementById("code");
  if (!code) return;
  const ends = Date.now() + Number(code.dataset.lasts) * 1000;

  async function look() {
    const answer = await fetch(code.dataset.state).then((one) => (one.ok ? one.json() : null), () => null);
    if (answer && answer.state !== "ready") return location.assign(code.dataset.page);
    if (Date.now() < ends) return setTimeout(look, 3000);
    code.hidden = true;
    document.getElementById("ended").hidden = false;
    return undefined;
  }

  setTimeout(look, 3000);
})();
